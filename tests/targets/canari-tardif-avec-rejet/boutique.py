"""Late acknowledgement and rejection when a child dies: its task runs again."""

from celery import Celery

app = Celery("boutique", broker="redis://redis.boutique.example:6379/0", backend="redis://redis.boutique.example:6379/1")
app.conf.update(
    worker_concurrency=2,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
)
