"""Late acknowledgement and rejection: what a dead child held runs again."""

from celery import Celery

app = Celery("boutique", broker="redis://redis.boutique.example:6379/0")
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)


@app.task
def expedier(commande: int) -> None:
    raise RuntimeError("a canary must never call the project's own tasks")
