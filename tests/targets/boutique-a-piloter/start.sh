#!/bin/sh
# The shop's only process: the worker, started again whenever it dies.
while true; do
  celery -A shop worker --concurrency=2
  sleep 1
done
