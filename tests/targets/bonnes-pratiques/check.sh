#!/usr/bin/env bash
# Healthy when the worker of this very machine answers.
exec celery -A shop.celery_app inspect ping --timeout 10 --destination "mails@$(hostname)"
