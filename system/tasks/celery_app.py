"""The Celery application. Importing it reads no environment and opens nothing."""

from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_shutdown, worker_ready

from system import logs
from system.config import settings_or_exit
from system.daily_counters import close_shared_counters
from system.db.database import close_db
from system.db.supabase import close_supabase
from system.device_buckets import close_buckets
from system.gateway.wassenger import close_gateway
from system.locks import close_locks
from system.tasks import correlating
from system.tasks.liveness import HeartbeatStep


def _from_environment() -> dict[str, Any]:
    settings = settings_or_exit()
    return {"broker_url": settings.broker.get_secret_value(), "result_backend": settings.redis_url.get_secret_value()}


TASKS = [
    "system.tasks.message_tasks",
    "system.tasks.periodic_tasks",
    "system.tasks.heartbeat_tasks",
    "system.tasks.verification_tasks",
]
celery_app = Celery("system", include=TASKS)
celery_app.config_from_object("system.tasks.celery_config")
celery_app.add_defaults(_from_environment)
celery_app.steps["consumer"].add(HeartbeatStep)
correlating.connect()


@setup_logging.connect  # type: ignore[untyped-decorator]
def _log_like_the_others(loglevel: int, **_: Any) -> None:
    logs.configure(settings_or_exit(), level=loglevel)


@worker_ready.connect  # type: ignore[untyped-decorator]
def _recover_at_start(**_: Any) -> None:
    # As a task: this process forks its children and must not own a connection to the database.
    celery_app.send_task("system.tasks.periodic_tasks.recover_interrupted_campaigns", expires=60)


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def _close_connections(**_: Any) -> None:
    close_db()
    close_gateway()
    close_locks()
    close_shared_counters()
    close_buckets()
    close_supabase()
