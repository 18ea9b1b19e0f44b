"""Celery's own defaults: a message is acknowledged before its task runs."""

from celery import Celery

app = Celery("boutique", broker="redis://redis.boutique.example:6379/0")
app.conf.worker_concurrency = 2


@app.task
def expedier(commande: int) -> None:
    raise RuntimeError("a canary must never call the target's own tasks")
