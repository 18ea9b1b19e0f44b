"""A worker's sign of life: a task that has been through the broker, the worker's main process and one of its children."""

from typing import Any

from system.config import get_settings
from system.db import heartbeats
from system.db.database import get_db
from system.tasks.celery_app import celery_app


@celery_app.task(bind=True, ignore_result=True)  # type: ignore[untyped-decorator]
def record_heartbeat(self: Any) -> None:
    """Says that the worker that executes it works, whichever worker asked for it."""
    with get_db().transaction() as connection:
        heartbeats.record(
            connection,
            heartbeats.WORKER,
            self.request.hostname,
            beat_seconds=get_settings().heartbeat_seconds,
        )
