"""Late acknowledgement and rejection: what a dead child held runs again. No queue but its own may be consumed."""

from celery import Celery
from kombu import Queue

app = Celery("boutique", broker="redis://redis.boutique.example:6379/0")
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    task_queues=[Queue("celery")],
    task_create_missing_queues=False,
)


@app.task
def expedier(commande: int) -> None:
    raise RuntimeError("a canary must never call the project's own tasks")
