"""How far accepted messages have come."""

from system.db.connection import Db
from system.domain.statuses import DELIVERY_ORDER, MessageStatus

UNDELIVERED = "the gateway accepted it and could not deliver it"


def advance(db: Db, status: MessageStatus, *, gateway_id: str | None, wa_id: str | None) -> tuple[int, int]:
    """Moves the messages with one of these identifiers on to `status`, never back.

    Returns how many have such an identifier, and how many moved.
    """
    names = {"gateway_id": gateway_id, "wa_id": wa_id}
    named = "(gateway_id = %(gateway_id)s::text OR wa_id = %(wa_id)s::text)"
    found = db.execute(f"SELECT id FROM messages WHERE {named} ORDER BY id FOR UPDATE".encode(), names).fetchall()  # noqa: S608
    moved = db.execute(
        """UPDATE messages SET status = %(status)s, last_error = %(error)s
           WHERE id = ANY(%(ids)s) AND status = ANY(%(earlier)s)""",
        {
            "status": status.value,
            "error": UNDELIVERED if status is MessageStatus.FAILED else None,
            "ids": [row["id"] for row in found],
            "earlier": [earlier.value for earlier in DELIVERY_ORDER[: DELIVERY_ORDER.index(status)]],
        },
    )
    return len(found), moved.rowcount
