"""Webhook events as received, each once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from system.db.connection import Db


@dataclass(frozen=True)
class InboxEntry:
    """One event; `received_at` is UTC."""

    id: int
    payload: dict[str, Any]
    received_at: datetime


def insert(db: Db, dedup_key: str, payload: dict[str, Any]) -> int | None:
    """The new entry's id; None when this event has been received before."""
    row = db.execute(
        """INSERT INTO webhook_inbox (dedup_key, payload) VALUES (%s, %s)
           ON CONFLICT (dedup_key) DO NOTHING RETURNING id""",
        [dedup_key, Jsonb(payload)],
    ).fetchone()
    return None if row is None else int(row["id"])


def unprocessed(db: Db, inbox_id: int) -> InboxEntry | None:
    """The entry, unless it is processed or unknown."""
    row = db.execute(
        "SELECT id, payload, received_at FROM webhook_inbox WHERE id = %s AND processed_at IS NULL", [inbox_id]
    ).fetchone()
    return None if row is None else InboxEntry(**row)


def left_behind(db: Db, *, older_than_seconds: float, limit: int) -> tuple[int, ...]:
    """Entries whose process seems dead, oldest first."""
    rows = db.execute(
        """SELECT id FROM webhook_inbox
           WHERE processed_at IS NULL AND received_at < now() - make_interval(secs => %s)
           ORDER BY received_at LIMIT %s""",
        [older_than_seconds, limit],
    ).fetchall()
    return tuple(row["id"] for row in rows)


def finish(db: Db, inbox_id: int, *, error: str | None = None) -> None:
    """Marks the entry as processed, with the reason when it came to nothing."""
    db.execute(
        "UPDATE webhook_inbox SET processed_at = now(), error = %s WHERE id = %s AND processed_at IS NULL",
        [error, inbox_id],
    )
