"""Celery tasks, thin over the services."""
