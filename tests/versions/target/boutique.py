"""The application that every cell of the table runs: what the cell varies comes from its environment."""

import os

from celery import Celery

app = Celery("boutique", broker=os.environ["BOUTIQUE_BROKER"])
app.conf.update(
    worker_concurrency=2,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_acks_late=os.environ["BOUTIQUE_ACKS"] != "early",
    task_reject_on_worker_lost=os.environ["BOUTIQUE_ACKS"] == "late+reject",
)
