"""Counters, their snapshots, and the runs of periodic tasks."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from system.db.connection import Db
from system.domain.counters import DayCounters


def open_messages(db: Db) -> dict[str, int]:
    """How many messages wait, by status."""
    rows = db.execute(
        """SELECT status, count(*) AS count FROM messages
           WHERE status IN ('pending', 'sending', 'unknown') GROUP BY status"""
    ).fetchall()
    return {row["status"]: int(row["count"]) for row in rows}


def open_day(db: Db, day: date) -> None:
    """Makes sure the day has its counters; those it has are kept."""
    db.execute("INSERT INTO daily_counters (day) VALUES (%s) ON CONFLICT DO NOTHING", [day])


def counters(db: Db, *, since: date | None = None) -> list[DayCounters]:
    """The counters of every day that has some, or of those from `since` on, oldest first."""
    rows = db.execute(
        """SELECT day, message_1, message_2, errors FROM daily_counters
           WHERE day >= coalesce(%s::date, '-infinity') ORDER BY day""",
        [since],
    ).fetchall()
    return [DayCounters(**row) for row in rows]


def keep_snapshots(db: Db, days: Sequence[DayCounters], *, taken_at: datetime) -> None:
    """Keeps these days' counters; a snapshot taken later than `taken_at` stays."""
    for counted in days:
        db.execute(
            """INSERT INTO monitoring_snapshots AS kept (day, counters, taken_at) VALUES (%s, %s, %s)
               ON CONFLICT (day) DO UPDATE SET counters = excluded.counters, taken_at = excluded.taken_at
               WHERE kept.taken_at <= excluded.taken_at""",
            [counted.day, Jsonb(counted.values), taken_at],
        )


def archive_days_before(db: Db, day: date, *, taken_at: datetime) -> int:
    """Turns old counters into snapshots; returns how many days. A count that comes at the same time is in one of them."""
    cursor = db.execute(
        """WITH gone AS (DELETE FROM daily_counters WHERE day < %s RETURNING day, message_1, message_2, errors)
           INSERT INTO monitoring_snapshots (day, counters, taken_at)
           SELECT day, jsonb_build_object('message_1', message_1, 'message_2', message_2, 'errors', errors), %s FROM gone
           ON CONFLICT (day) DO UPDATE SET counters = excluded.counters, taken_at = excluded.taken_at""",
        [day, taken_at],
    )
    return cursor.rowcount


def count_errors(db: Db, day: date, errors: int) -> None:
    """Adds to the day's errors."""
    db.execute(
        """INSERT INTO daily_counters AS counted (day, errors) VALUES (%s, %s)
           ON CONFLICT (day) DO UPDATE SET errors = counted.errors + excluded.errors""",
        [day, errors],
    )


def record_run(
    db: Db, task: str, *, started_at: datetime, finished_at: datetime, outcome: str, detail: dict[str, Any]
) -> None:
    """Records one run (`done` or `failed`) and forgets those of the same task older than two days."""
    db.execute(
        "INSERT INTO task_runs (task, started_at, finished_at, outcome, detail) VALUES (%s, %s, %s, %s, %s)",
        [task, started_at, finished_at, outcome, Jsonb(detail)],
    )
    db.execute("DELETE FROM task_runs WHERE task = %s AND started_at < now() - interval '2 days'", [task])
