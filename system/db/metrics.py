"""What the metrics are read from: how much waits, how old it is, who lives."""

from dataclasses import dataclass

from system.db import imports
from system.db.connection import Db
from system.db.inbox import WAITING


@dataclass(frozen=True)
class Backlog:
    """Counts by state, ages in seconds; an age is absent where there is nothing.

    `oldest_webhook` is of those that nobody has looked at, or whose processing fails: others wait on purpose.
    """

    campaigns: dict[str, int]
    webhooks: int
    oldest_webhook: float
    heartbeat_ages: dict[str, float]
    incidents: dict[str, int]


def backlog(db: Db) -> Backlog:
    """All of it, at one instant when the transaction says so."""
    waiting = db.execute(
        """SELECT count(*) AS webhooks, coalesce(extract(epoch FROM now() - min(received_at) FILTER (
               WHERE error IS NULL OR NOT starts_with(error, %s))), 0) AS oldest
           FROM webhook_inbox WHERE processed_at IS NULL""",
        [WAITING],
    ).fetchone()
    assert waiting is not None  # noqa: S101 (an aggregate gives one row)
    return Backlog(
        campaigns=_counts(db, "SELECT status AS name, count(*) AS value FROM campaigns GROUP BY status"),
        webhooks=int(waiting["webhooks"]),
        oldest_webhook=float(waiting["oldest"]),
        heartbeat_ages=_ages(db),
        incidents=_counts(
            db,
            "SELECT component AS name, count(*) AS value FROM incidents WHERE recovered_at IS NULL GROUP BY component",
        ),
    )


def _counts(db: Db, query: str) -> dict[str, int]:
    return {row["name"]: int(row["value"]) for row in db.execute(query.encode()).fetchall()}


def _ages(db: Db) -> dict[str, float]:
    rows = db.execute(
        """SELECT component, greatest(0, extract(epoch FROM clock_timestamp() - max(beat_at))) AS age
           FROM heartbeats WHERE component <> %s GROUP BY component""",
        [imports.COMPONENT],
    ).fetchall()
    return {row["component"]: float(row["age"]) for row in rows}
