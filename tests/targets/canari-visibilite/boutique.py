"""A visibility timeout below the delay of a retry: what waits is delivered again."""

from celery import Celery

app = Celery("boutique", broker="redis://redis.boutique.example:6379/0")
app.conf.update(
    worker_concurrency=2,
    task_acks_late=True,
    task_time_limit=120,
    broker_transport_options={"visibility_timeout": 4},
)


@app.task(bind=True, max_retries=3)
def relancer(self, commande: int) -> None:
    raise self.retry(countdown=60)
