#!/bin/sh
celery -A boutique worker --concurrency=2 --loglevel=INFO &
exec uvicorn boutique.web:app
