"""Health, daily counters, and the record of what periodic tasks did."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg

from system.db import monitoring
from system.db.database import Database
from system.gateway.outcomes import Uncertain
from system.locks import Locks
from system.services.ports import Clock, Gateway
from system.services.sending import utc_now

KEPT_DAYS = 30
HEALTH_REFERENCE = "health-check"


def health(db: Database, locks: Locks, gateway: Gateway) -> dict[str, Any]:
    """What answers, and how many messages wait by status."""
    waiting: dict[str, int] | None
    try:
        with db.transaction() as connection:
            waiting = monitoring.open_messages(connection)
    except psycopg.Error:
        waiting = None
    return {
        "database": waiting is not None,
        "redis": locks.ping(),
        "gateway": not isinstance(gateway.find_by_reference(HEALTH_REFERENCE), Uncertain),
        "open_messages": waiting or {},
    }


def persist_counters(db: Database, clock: Clock = utc_now) -> int:
    """Keeps a snapshot of every day's counters; returns how many days."""
    with db.transaction() as connection:
        return monitoring.take_snapshots(connection, at=clock())


def start_day(db: Database, clock: Clock = utc_now) -> int:
    """Opens today's counters and drops those older than 30 days, kept as snapshots first; returns how many went."""
    now = clock()
    with db.transaction() as connection:
        monitoring.open_day(connection, now.date())
        monitoring.take_snapshots(connection, at=now)
        return monitoring.drop_days_before(connection, now.date() - timedelta(days=KEPT_DAYS))


def recorded(db: Database, task: str, work: Callable[[], dict[str, Any]], clock: Clock = utc_now) -> dict[str, Any]:
    """Does the work and records the run with what it returned; a failure is recorded, then raised again."""
    started_at = clock()
    try:
        detail = work()
    except Exception as error:
        with db.transaction() as connection:
            failure = {"error": f"{type(error).__name__}: {error}"}
            monitoring.record_run(
                connection, task, started_at=started_at, finished_at=clock(), outcome="failed", detail=failure
            )
        raise
    with db.transaction() as connection:
        monitoring.record_run(
            connection, task, started_at=started_at, finished_at=clock(), outcome="done", detail=detail
        )
    return detail
