"""A model of Celery: applications, settings, tasks, retries and the beat schedule, as the source writes them."""
