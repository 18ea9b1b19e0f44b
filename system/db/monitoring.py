"""Counters, their snapshots, and the runs of periodic tasks."""

from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from system.db.connection import Db


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


def take_snapshots(db: Db, *, at: datetime) -> int:
    """Copies every day's counters; returns how many days."""
    cursor = db.execute(
        """INSERT INTO monitoring_snapshots (day, counters, taken_at)
           SELECT day, jsonb_build_object('message_1', message_1, 'message_2', message_2, 'errors', errors), %s
           FROM daily_counters
           ON CONFLICT (day) DO UPDATE SET counters = excluded.counters, taken_at = excluded.taken_at""",
        [at],
    )
    return cursor.rowcount


def drop_days_before(db: Db, day: date) -> int:
    """Removes old counters; their snapshots stay. Returns how many days."""
    return db.execute("DELETE FROM daily_counters WHERE day < %s", [day]).rowcount


def record_run(
    db: Db, task: str, *, started_at: datetime, finished_at: datetime, outcome: str, detail: dict[str, Any]
) -> None:
    """Records one run (`done` or `failed`) and forgets those of the same task older than two days."""
    db.execute(
        "INSERT INTO task_runs (task, started_at, finished_at, outcome, detail) VALUES (%s, %s, %s, %s, %s)",
        [task, started_at, finished_at, outcome, Jsonb(detail)],
    )
    db.execute("DELETE FROM task_runs WHERE task = %s AND started_at < now() - interval '2 days'", [task])
