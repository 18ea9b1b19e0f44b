"""Celery's own defaults: a message is acknowledged before its task runs."""

from celery import Celery

app = Celery("boutique", broker="redis://redis.boutique.example:6379/0")
app.conf.update(
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)


@app.task
def expedier(commande: int) -> None:
    raise RuntimeError("a canary must never call the project's own tasks")
