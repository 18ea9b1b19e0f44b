"""Application Celery : réglages, files et tâches périodiques."""

from celery import Celery
from celery.schedules import crontab
from kombu import Queue

from app.config import settings

celery_app = Celery(
    "app",
    broker=settings.redis_url,
    backend=settings.redis_url,
    include=["app.tasks.message_tasks", "app.tasks.periodic_tasks"],
)

celery_app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    result_serializer="json",
    timezone="UTC",
    enable_utc=True,
    # Robustesse
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=1,
    worker_concurrency=4,
    # Limites
    task_track_started=True,
    task_soft_time_limit=60,
    task_time_limit=90,
    result_expires=86400,
    # Files
    task_default_queue="default",
    task_queues=(
        Queue("default"),
        Queue("messages"),
        Queue("messages_high"),
        Queue("retry"),
        Queue("verification"),
    ),
    task_routes={
        "app.tasks.message_tasks.send_single_message": {"queue": "messages"},
        "app.tasks.message_tasks.send_campaign_messages": {"queue": "messages"},
    },
)

celery_app.conf.update(
    beat_schedule={
        "system-health-check": {
            "task": "app.tasks.periodic_tasks.system_health_check",
            "schedule": 120.0,
        },
        "recover-interrupted-campaigns": {
            "task": "app.tasks.periodic_tasks.recover_interrupted_campaigns",
            "schedule": 300.0,
        },
        "check-expired-interactions": {
            "task": "app.tasks.periodic_tasks.check_expired_interactions",
            "schedule": 3600.0,
        },
        "sync-monitoring-to-supabase": {
            "task": "app.tasks.periodic_tasks.sync_monitoring_to_supabase",
            "schedule": 3600.0,
        },
        "reset-daily-monitoring": {
            "task": "app.tasks.periodic_tasks.reset_daily_monitoring",
            "schedule": crontab(hour=0, minute=0),
        },
        "cleanup-expired-locks": {
            "task": "app.tasks.periodic_tasks.cleanup_expired_locks",
            "schedule": 600.0,
        },
    },
)
