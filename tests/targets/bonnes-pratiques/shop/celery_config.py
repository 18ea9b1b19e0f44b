from celery.schedules import crontab
from kombu import Queue

VISIBILITY = 2 * 3600

task_acks_late = True
task_reject_on_worker_lost = True
worker_prefetch_multiplier = 1
worker_cancel_long_running_tasks_on_connection_loss = False
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_transport_options = {
    "visibility_timeout": VISIBILITY,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
result_backend_transport_options = {"visibility_timeout": VISIBILITY}
visibility_timeout = VISIBILITY
result_expires = 3600

worker_pool = "prefork"
task_soft_time_limit = 60
task_time_limit = 90
worker_max_tasks_per_child = 1000
worker_soft_shutdown_timeout = 15.0
task_serializer = "json"
accept_content = ["json"]

timezone = "Europe/Paris"
task_create_missing_queues = False
task_default_queue = "default"
task_queues = (Queue("default"), Queue("mails"), Queue("retry"))
task_routes = {"shop.tasks.send_mail": {"queue": "mails"}}

beat_schedule = {
    "sweep": {
        "task": "shop.tasks.sweep",
        "schedule": 300.0,
        "options": {"expires": 290},
    },
    "report": {
        "task": "shop.tasks.report",
        "schedule": crontab(hour=6, minute=0),
        "options": {"expires": 3600},
    },
}
