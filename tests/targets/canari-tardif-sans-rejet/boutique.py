"""Late acknowledgement alone: a child that dies acknowledges what it was doing."""

from celery import Celery

app = Celery("boutique", broker="redis://redis.boutique.example:6379/0")
app.conf.update(worker_concurrency=2, task_acks_late=True, worker_prefetch_multiplier=1)
