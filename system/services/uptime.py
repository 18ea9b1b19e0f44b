"""When the workers were alive, as a document for whoever judges their availability (`worker-heartbeats/1`)."""

from datetime import UTC, datetime
from typing import Any

from system.db import heartbeats
from system.db.database import Database

FORMAT = "worker-heartbeats/1"
APPLICATION = "system.tasks.celery_app:celery_app"


def worker_heartbeats(db: Database, *, days: float, beat_seconds: float) -> dict[str, Any]:
    """The intervals in which each worker of `application` gave signs of life, `beat_seconds` apart, in the last `days`.

    Times are ISO 8601 in UTC. `from` is later than `days` ago when signs have not been kept for so long: what came before was
    not observed. A worker is alive in an interval from its first to its last sign; another begins after a silence of three beats.
    """
    with db.transaction() as connection:
        found = heartbeats.history(connection, heartbeats.WORKER, days=days)
    return {
        "format": FORMAT,
        "application": APPLICATION,
        "exported_at": _iso(found.to_at),
        "from": _iso(found.from_at),
        "to": _iso(found.to_at),
        "beat_seconds": beat_seconds,
        "alive": [[alive.instance, _iso(alive.from_at), _iso(alive.to_at)] for alive in found.alive],
    }


def forget(db: Database) -> int:
    """Deletes intervals that no export asks for any more; returns how many."""
    with db.transaction() as connection:
        return heartbeats.forget_old_intervals(connection)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
