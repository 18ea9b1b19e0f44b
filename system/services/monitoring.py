"""Daily counters, and the record of what periodic tasks did."""

import logging
from collections.abc import Callable
from datetime import UTC, timedelta, tzinfo
from typing import Any

from system.clock import utc_now
from system.db import monitoring
from system.db.database import Database
from system.domain.counters import DayCounters
from system.domain.daily_limit import DailyLimit, LimitLevel
from system.services.ports import Clock, SnapshotStore

logger = logging.getLogger(__name__)

KEPT_DAYS = 30


def latest_counters(db: Database, clock: Clock = utc_now) -> list[DayCounters]:
    """The counters of today and of the day before, where there are some."""
    with db.transaction() as connection:
        return monitoring.counters(connection, since=clock().date() - timedelta(days=1))


def counters_of_today(db: Database, zone: tzinfo, clock: Clock = utc_now) -> DayCounters:
    """What has left on this day of the zone."""
    day = clock().astimezone(zone).date()
    with db.transaction() as connection:
        days = monitoring.counters(connection, since=day)
    return next((counted for counted in days if counted.day == day), DayCounters(day, 0, 0, 0))


def limit_level(db: Database, limit: DailyLimit, clock: Clock = utc_now, *, zone: tzinfo = UTC) -> LimitLevel:
    """How near the limit this day of the zone is; a warning is logged from `attention` on."""
    today = counters_of_today(db, zone, clock)
    level = limit.level(today)
    if level is not LimitLevel.OK:
        logger.warning("daily_limit", extra={"limit_level": level.value, "limit": limit.total, **today.values})
    return level


def persist_counters(db: Database, store: SnapshotStore, clock: Clock = utc_now) -> int:
    """Keeps a snapshot of every day's counters in `store`; returns how many days. Raises what the store raises."""
    # Before the reading: of two runs, the one that read later must win.
    taken_at = clock()
    with db.transaction() as connection:
        days = monitoring.counters(connection)
    store.upsert(days, taken_at=taken_at)
    return len(days)


def start_day(db: Database, clock: Clock = utc_now) -> int:
    """Opens today's counters and archives those older than 30 days; returns how many days were archived.

    Nothing is set to zero: a day's counters are a row of its own.
    """
    now = clock()
    with db.transaction() as connection:
        monitoring.open_day(connection, now.date())
        return monitoring.archive_days_before(connection, now.date() - timedelta(days=KEPT_DAYS), taken_at=now)


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
