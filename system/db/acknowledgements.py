"""How far accepted messages have come."""

from collections.abc import Iterable
from dataclasses import dataclass

from system.db.connection import Db
from system.domain.statuses import DELIVERY_ORDER, MessageStatus

UNDELIVERED = "the gateway accepted it and could not deliver it"
ADVANCE = """
WITH told AS (
    SELECT * FROM unnest(%(entries)s::bigint[], %(gateway_ids)s::text[], %(wa_ids)s::text[]) AS t (entry, gateway_id, wa_id)
), named AS (
    SELECT t.entry, m.id FROM told AS t JOIN messages AS m ON m.gateway_id = t.gateway_id
    UNION SELECT t.entry, m.id FROM told AS t JOIN messages AS m ON m.wa_id = t.wa_id
), locked AS (
    SELECT id FROM messages WHERE id IN (SELECT id FROM named) AND status = ANY(%(earlier)s) ORDER BY id FOR UPDATE
), moved AS (
    UPDATE messages SET status = %(status)s, last_error = %(error)s WHERE id IN (SELECT id FROM locked) RETURNING id
)
SELECT (SELECT coalesce(array_agg(DISTINCT entry), '{}') FROM named) AS named, (SELECT count(*) FROM moved) AS moved
"""


@dataclass(frozen=True)
class Told:
    """What the inbox entry `entry` says has come so far: the message with one of these identifiers."""

    entry: int
    gateway_id: str | None
    wa_id: str | None


@dataclass(frozen=True)
class Advanced:
    """The entries that name a message of ours, and how many messages moved."""

    named: frozenset[int]
    moved: int


def advance(db: Db, status: MessageStatus, told: Iterable[Told]) -> Advanced:
    """Moves the messages that `told` names on to `status`, never back."""
    rows = list(told)
    found = db.execute(
        ADVANCE,
        {
            "status": status.value,
            "error": UNDELIVERED if status is MessageStatus.FAILED else None,
            "earlier": [earlier.value for earlier in DELIVERY_ORDER[: DELIVERY_ORDER.index(status)]],
            "entries": [row.entry for row in rows],
            "gateway_ids": [row.gateway_id for row in rows],
            "wa_ids": [row.wa_id for row in rows],
        },
    ).fetchone()
    assert found is not None  # noqa: S101 (a SELECT of two scalars)
    return Advanced(frozenset(found["named"]), int(found["moved"]))


def may_name_one_in_doubt(db: Db) -> bool:
    """Whether a message may have left without its identifiers being known: an acknowledgement of a stranger may be its own."""
    found = db.execute(
        """SELECT 1 FROM messages WHERE gateway_id IS NULL
             AND (status = 'unknown' OR doubtful AND status IN ('pending', 'sending')) LIMIT 1"""
    )
    return found.fetchone() is not None
