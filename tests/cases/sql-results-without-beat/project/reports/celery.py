"""Celery application of reports."""

import os

from celery import Celery

app = Celery("reports", include=["reports.tasks"])
app.conf.update(
    broker_url=os.environ.get("BROKER_URL", "redis://localhost:6379/0"),
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_soft_time_limit=60,
    task_time_limit=90,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    broker_transport_options={
        "visibility_timeout": 600,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
    },
    result_backend="db+postgresql://reports@db/reports",
    result_expires=3600,
    worker_max_tasks_per_child=500,
    worker_soft_shutdown_timeout=30,
    timezone="UTC",
)
