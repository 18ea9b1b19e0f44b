"""Webhook events as received, each once, and the attempts at processing them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from system.db.connection import Db

# Committed before the work: an entry that kills its process is counted too. The wait doubles with every attempt.
# A fresh entry is left to the process that received it, whose attempt is the first, for as long as that lasts.
BEGIN_LEFT_BEHIND = b"""
UPDATE webhook_inbox
SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => %(wait)s * 2 ^ attempts)
WHERE id = (
    SELECT id FROM webhook_inbox
    WHERE processed_at IS NULL AND coalesce(next_attempt_at, received_at + make_interval(secs => %(wait)s)) <= now()
      AND attempts < %(most)s
    ORDER BY coalesce(next_attempt_at, received_at) LIMIT 1 FOR UPDATE SKIP LOCKED
) AND processed_at IS NULL
RETURNING id, payload, received_at, attempts, correlation_id
"""


# What an entry's error begins with when nothing failed: a later attempt will know more.
WAITING = "waiting: "


@dataclass(frozen=True)
class InboxEntry:
    """One event being processed for the `attempts`-th time; `received_at` is UTC."""

    id: int
    payload: dict[str, Any]
    received_at: datetime
    attempts: int
    correlation_id: str | None = None


@dataclass(frozen=True)
class Received:
    """An event to store: its deduplication key, its payload, why it is ignored if it is, and of which request it is."""

    dedup_key: str
    payload: dict[str, Any]
    ignored: str | None
    correlation_id: str | None

    def entry(self, row: Mapping[str, Any]) -> InboxEntry:
        """This event as stored in `row`, for its first attempt."""
        return InboxEntry(row["id"], self.payload, row["received_at"], 1, self.correlation_id)


def insert(db: Db, received: Iterable[Received]) -> dict[str, InboxEntry]:
    """Stores events, the first attempt at each counted; returns those to process by their key.

    What has been received before, or comes twice in `received`, is stored once; the ignored are not to be processed.
    """
    # In one order everywhere: two processes that store the same events must not wait for each other.
    rows = sorted(received, key=lambda event: event.dedup_key)
    stored = db.execute(
        """INSERT INTO webhook_inbox (dedup_key, payload, processed_at, error, attempts, correlation_id)
           SELECT dedup_key, payload, CASE WHEN ignored IS NOT NULL THEN now() END, ignored, (ignored IS NULL)::int,
                  correlation_id
           FROM jsonb_to_recordset(%s::jsonb) AS event (dedup_key text, payload jsonb, ignored text, correlation_id text)
           ON CONFLICT (dedup_key) DO NOTHING RETURNING id, dedup_key, received_at, error""",
        [json.dumps([vars(event) for event in rows])],
    ).fetchall()
    # Of those that come twice the database keeps the first; sorting has left them in order.
    kept = {event.dedup_key: event for event in reversed(rows)}
    return {row["dedup_key"]: kept[row["dedup_key"]].entry(row) for row in stored if row["error"] is None}


def begin_left_behind(db: Db, *, wait_seconds: float, most_attempts: int) -> InboxEntry | None:
    """Counts an attempt at the entry that has been due for longest, whose process seems dead; two callers at once get different ones."""
    row = db.execute(BEGIN_LEFT_BEHIND, {"wait": wait_seconds, "most": most_attempts}).fetchone()
    return None if row is None else InboxEntry(**row)


def record_error(db: Db, *inbox_ids: int, error: str) -> None:
    """Keeps why the last attempt came to nothing; the entries still wait."""
    db.execute(
        "UPDATE webhook_inbox SET error = %s WHERE id = ANY(%s) AND processed_at IS NULL", [error, list(inbox_ids)]
    )


def keep_waiting(db: Db, *inbox_ids: int, most_attempts: int, error: str) -> None:
    """Keeps what it waits for; the attempt does not count as a failure before 24 h after the reception."""
    db.execute(
        """UPDATE webhook_inbox SET error = %s,
               attempts = CASE WHEN received_at > now() - interval '24 hours' THEN least(attempts, %s) ELSE attempts END
           WHERE id = ANY(%s) AND processed_at IS NULL""",
        [WAITING + error, most_attempts, list(inbox_ids)],
    )


def give_up(db: Db, *, most_attempts: int) -> tuple[int, ...]:
    """Ends the entries which failed so many times, with what the last attempt said; returns their ids."""
    rows = db.execute(
        """UPDATE webhook_inbox SET processed_at = now(),
               error = 'given up after ' || attempts || ' attempts: ' || coalesce(error, 'its process died')
           WHERE processed_at IS NULL AND attempts >= %s AND next_attempt_at <= now() RETURNING id""",
        [most_attempts],
    ).fetchall()
    return tuple(sorted(row["id"] for row in rows))


def finish(db: Db, *inbox_ids: int, error: str | None = None) -> None:
    """Marks entries as processed, with the reason when they came to nothing."""
    db.execute(
        "UPDATE webhook_inbox SET processed_at = now(), error = %s WHERE id = ANY(%s) AND processed_at IS NULL",
        [error, list(inbox_ids)],
    )
