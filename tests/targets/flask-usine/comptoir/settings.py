import os
from datetime import timedelta

from celery.schedules import crontab

MINUTE = 60
TASK_SECONDS = 4 * MINUTE


class Production:
    SECRET_KEY = os.environ.get("SECRET_KEY")
    WEBHOOK_SECRET = os.environ.get("WEBHOOK_SECRET", "")


class CelerySettings:
    broker_url = "redis://cache.internal:6379/0"
    result_backend = "redis://cache.internal:6379/1"
    broker_connection_retry_on_startup = True
    broker_transport_options = {
        "visibility_timeout": 60 * MINUTE,
        "socket_timeout": 20,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 30,
    }
    result_backend_transport_options = {"visibility_timeout": 60 * MINUTE}
    visibility_timeout = 60 * MINUTE
    imports = ("comptoir.jobs.mailing", "comptoir.jobs.cleanup")

    task_acks_late = True
    task_reject_on_worker_lost = True
    worker_prefetch_multiplier = 1
    worker_cancel_long_running_tasks_on_connection_loss = False
    task_soft_time_limit = TASK_SECONDS
    task_time_limit = TASK_SECONDS + 30
    worker_max_tasks_per_child = 500
    worker_soft_shutdown_timeout = 20
    result_expires = timedelta(hours=6)
    task_serializer = "json"
    accept_content = ["json"]

    enable_utc = True
    timezone = "Europe/Brussels"
    task_default_queue = "celery"
    task_routes = {"comptoir.jobs.mailing.*": {"queue": "mailing"}}
    beat_schedule = {
        "purge-carts": {
            "task": "comptoir.jobs.cleanup.purge_carts",
            "schedule": timedelta(minutes=15),
            "options": {"expires": 14 * MINUTE},
        },
        "nightly-digest": {
            "task": "comptoir.jobs.mailing.send_digest",
            "schedule": crontab(hour=3, minute=30),
            "options": {"expires": 2 * 60 * MINUTE},
        },
    }
