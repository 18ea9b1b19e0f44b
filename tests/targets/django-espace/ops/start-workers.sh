#!/bin/sh
# One machine: a worker that is started again for ever, and the web server.
set -eu
while :; do
  celery --app=depot worker --loglevel=info --queues=default,notifications --concurrency=2 --hostname=depot@%h --uid=depot || true
  sleep 3
done &
exec gunicorn depot.wsgi --bind 0.0.0.0:8000
