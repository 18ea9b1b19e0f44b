"""Celery's constants, literals on purpose: they are read without running anything. What the environment decides is elsewhere."""

from celery.schedules import crontab
from kombu import Queue

# A message is done when its task is, and a worker's death gives it back.
task_acks_late = True
task_reject_on_worker_lost = True
broker_connection_retry_on_startup = True
# For ever: the supervisor would only do the same, with a colder start.
broker_connection_max_retries = None

worker_concurrency = 4
worker_prefetch_multiplier = 1
worker_max_tasks_per_child = 2000
# Tasks are short; what does not end in time is found by its lease. Supervisors wait longer than this.
worker_soft_shutdown_timeout = 15.0
# A cancelled task would leave a message claimed and maybe sent; finishing it costs at most a no-op when it is redelivered.
worker_cancel_long_running_tasks_on_connection_loss = False

task_soft_time_limit = 60
task_time_limit = 90
task_track_started = True
result_expires = 86400
# What tasks did is in the database: nobody reads their results.
task_ignore_result = True

timezone = "UTC"
enable_utc = True
task_serializer = "json"
result_serializer = "json"
accept_content = ["json"]

task_default_queue = "default"
task_create_missing_queues = False
task_queues = (
    Queue("default"),
    Queue("messages"),
    Queue("messages_high"),
    Queue("retry"),
    Queue("verification"),
)
# Message 2 is published on messages_high, retries and resumed messages on retry, a dispatcher's next turn on default.
task_routes = {
    "system.tasks.message_tasks.send_single_message": {"queue": "messages"},
    "system.tasks.message_tasks.send_campaign_messages": {"queue": "messages"},
    "system.tasks.verification_tasks.verify_contact": {"queue": "verification"},
    "system.tasks.verification_tasks.verify_contacts": {"queue": "verification"},
    "system.tasks.periodic_tasks.recover_interrupted_campaigns": {"queue": "default"},
    "system.tasks.periodic_tasks.sweep_expired_leases": {"queue": "default"},
}

broker_transport_options = {
    # Recovery reads leases in PostgreSQL; redelivery only tidies up.
    "visibility_timeout": 3600,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 25,
    # Of RabbitMQ's, which ignores the others: without it a message may be lost on its way and nobody be told.
    "confirm_publish": True,
}

beat_schedule = {
    "system_health_check": {
        "task": "system.tasks.periodic_tasks.system_health_check",
        "schedule": 120.0,
        "options": {"expires": 110},
    },
    "recover_interrupted_campaigns": {
        "task": "system.tasks.periodic_tasks.recover_interrupted_campaigns",
        "schedule": 300.0,
        "options": {"expires": 290},
    },
    "check_expired_interactions": {
        "task": "system.tasks.periodic_tasks.check_expired_interactions",
        "schedule": 3600.0,
        "options": {"expires": 3500},
    },
    "close_overdue_campaigns": {
        "task": "system.tasks.periodic_tasks.close_overdue_campaigns",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "sync_monitoring_to_supabase": {
        "task": "system.tasks.periodic_tasks.sync_monitoring_to_supabase",
        "schedule": 3600.0,
        "options": {"expires": 3500},
    },
    "reset_daily_monitoring": {
        "task": "system.tasks.periodic_tasks.reset_daily_monitoring",
        "schedule": crontab(hour=0, minute=0),
        "options": {"expires": 43200},
    },
    "cleanup_expired_locks": {
        "task": "system.tasks.periodic_tasks.cleanup_expired_locks",
        "schedule": 600.0,
        "options": {"expires": 590},
    },
    "forget_old_data": {
        "task": "system.tasks.periodic_tasks.forget_old_data",
        "schedule": crontab(hour=2, minute=30),
        "options": {"expires": 43200},
    },
    "sweep_expired_leases": {
        "task": "system.tasks.periodic_tasks.sweep_expired_leases",
        "schedule": 5.0,
        "options": {"expires": 4.5},
    },
}
