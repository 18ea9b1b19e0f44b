#!/bin/sh
set -e
python -m parcels.check
«¦exec »celery -A parcels worker --loglevel=INFO --concurrency=2
