#!/usr/bin/env bash
# One machine: two workers under restart loops, one beat, the API.
while true; do celery -A shop.celery_app worker -n mails@%h -Q mails,default --concurrency=4 --uid=shop; sleep 5; done &
while true; do
  celery -A shop.celery_app worker -n retry@%h -Q retry --concurrency=2 --uid=shop &
  RETRY=$!
  wait "$RETRY"
  sleep 5
done &
while true; do celery -A shop.celery_app beat --schedule=/tmp/shop-beat --uid=shop; sleep 5; done &
exec uvicorn shop.web:app --host 0.0.0.0 --port 8000
