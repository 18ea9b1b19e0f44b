from celery import Celery
from celery.schedules import crontab

_RELIABLE = dict(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
)
_REDIS = {
    "visibility_timeout": 5400,
    "socket_timeout": 30,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 15,
}

celery = Celery("relais", include=["relais.jobs"])
celery.conf.broker_url = "rediss://broker.internal:6379/0?ssl_cert_reqs=required"
celery.conf.result_backend = "rediss://broker.internal:6379/0?ssl_cert_reqs=required"
celery.conf.update(
    **_RELIABLE,
    broker_connection_retry_on_startup=True,
    broker_transport_options=_REDIS,
    result_backend_transport_options={"visibility_timeout": _REDIS["visibility_timeout"]},
    visibility_timeout=5400,
    task_soft_time_limit=45,
    task_time_limit=60,
    worker_max_tasks_per_child=1_000,
    worker_soft_shutdown_timeout=10.0,
    result_expires=3600,
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
    enable_utc=True,
    task_default_queue="relais",
)
celery.conf.beat_schedule = {
    "resend": {
        "task": "relais.resend_forgotten",
        "schedule": crontab(minute="*/5"),
        "options": {"expires": 240},
    },
}
