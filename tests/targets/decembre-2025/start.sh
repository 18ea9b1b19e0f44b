#!/usr/bin/env bash
set -euo pipefail

# Worker Celery
celery -A app.tasks.celery_app worker --loglevel=info --concurrency=1 \
    -Q default,messages,messages_high,retry,verification &

# Planificateur des tâches périodiques
celery -A app.tasks.celery_app beat --loglevel=info --schedule=/tmp/celerybeat-schedule &

# API
exec uvicorn app.main:app --host 0.0.0.0 --port "${PORT:-8000}"
