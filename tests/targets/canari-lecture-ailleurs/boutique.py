"""Reads, writes and keeps results at three addresses, which `celery -b` would leave as they are."""

from celery import Celery

app = Celery("boutique", broker="redis://redis.boutique.example:6379/0")
app.conf.update(
    worker_concurrency=2,
    broker_read_url="redis://127.0.0.1:6379/3",
    broker_write_url="redis://production.boutique.example:6379/3",
    result_backend="db+postgresql://production.boutique.example/resultats",
)
