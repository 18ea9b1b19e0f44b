"""Webhook events as received, each once, and the attempts at processing them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from system.db.connection import Db

# Committed before the work: an entry that kills its process is counted too. The wait doubles with every attempt.
BEGIN = """
UPDATE webhook_inbox
SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => %(wait)s * 2 ^ attempts)
WHERE id = ({which}) AND processed_at IS NULL
RETURNING id, payload, received_at, attempts
"""
# A fresh entry is left to the process that received it for as long as the first attempt is.
LEFT_BEHIND = """SELECT id FROM webhook_inbox
    WHERE processed_at IS NULL AND coalesce(next_attempt_at, received_at + make_interval(secs => %(wait)s)) <= now()
      AND attempts < %(most)s
    ORDER BY received_at LIMIT 1 FOR UPDATE SKIP LOCKED"""


@dataclass(frozen=True)
class InboxEntry:
    """One event being processed for the `attempts`-th time; `received_at` is UTC."""

    id: int
    payload: dict[str, Any]
    received_at: datetime
    attempts: int


def insert(db: Db, dedup_key: str, payload: dict[str, Any], *, ignored: str | None = None) -> int | None:
    """The id of the new entry to process; None when it is `ignored` (and why), or has been received before."""
    row = db.execute(
        """INSERT INTO webhook_inbox (dedup_key, payload, processed_at, error)
           VALUES (%(key)s, %(payload)s, CASE WHEN %(ignored)s::text IS NOT NULL THEN now() END, %(ignored)s)
           ON CONFLICT (dedup_key) DO NOTHING RETURNING id""",
        {"key": dedup_key, "payload": Jsonb(payload), "ignored": ignored},
    ).fetchone()
    return None if row is None or ignored is not None else int(row["id"])


def begin(db: Db, inbox_id: int, *, wait_seconds: float) -> InboxEntry | None:
    """Counts an attempt at this entry; None when it is processed or unknown."""
    statement = BEGIN.format(which="SELECT %(id)s::bigint")
    row = db.execute(statement.encode(), {"id": inbox_id, "wait": wait_seconds}).fetchone()
    return None if row is None else InboxEntry(**row)


def begin_left_behind(db: Db, *, wait_seconds: float, most_attempts: int) -> InboxEntry | None:
    """Counts an attempt at the oldest entry whose process seems dead; two callers at once get different ones."""
    statement = BEGIN.format(which=LEFT_BEHIND)
    row = db.execute(statement.encode(), {"wait": wait_seconds, "most": most_attempts}).fetchone()
    return None if row is None else InboxEntry(**row)


def record_error(db: Db, inbox_id: int, error: str) -> None:
    """Keeps why the last attempt came to nothing; the entry still waits."""
    db.execute("UPDATE webhook_inbox SET error = %s WHERE id = %s AND processed_at IS NULL", [error, inbox_id])


def give_up(db: Db, *, most_attempts: int) -> tuple[int, ...]:
    """Ends the entries which failed so many times, with what the last attempt said; returns their ids."""
    rows = db.execute(
        """UPDATE webhook_inbox SET processed_at = now(),
               error = 'given up after ' || attempts || ' attempts: ' || coalesce(error, 'its process died')
           WHERE processed_at IS NULL AND attempts >= %s AND next_attempt_at <= now() RETURNING id""",
        [most_attempts],
    ).fetchall()
    return tuple(sorted(row["id"] for row in rows))


def finish(db: Db, inbox_id: int, *, error: str | None = None) -> None:
    """Marks the entry as processed, with the reason when it came to nothing."""
    db.execute(
        "UPDATE webhook_inbox SET processed_at = now(), error = %s WHERE id = %s AND processed_at IS NULL",
        [error, inbox_id],
    )
