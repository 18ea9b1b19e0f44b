"""Children bounded in memory, below what Python itself takes: each is replaced after each task, and nothing is lost."""

from celery import Celery

app = Celery("boutique", broker="redis://redis.boutique.example:6379/0")
app.conf.update(worker_concurrency=2, worker_max_memory_per_child=8_000)
