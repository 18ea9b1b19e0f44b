"""What became of each contact of a campaign, and what they answered."""

from dataclasses import dataclass
from datetime import datetime

from system.db.connection import Db

# What the page calls « en attente »: a contact who has not ended.
OPEN = "open"
# Who was erased has no number.
_PHONE = "CASE WHEN p.erased_at IS NULL THEN p.phone ELSE '' END AS phone"


@dataclass(frozen=True)
class Result:
    """One contact in a campaign; times are UTC. `message_id` is that of its Message 1, `wa_id` WhatsApp's name for it."""

    message_id: int
    contact_id: int
    phone: str
    name: str | None
    status: str
    outcome: str | None
    sent_at: datetime | None
    answered_at: datetime | None
    follow_up_status: str | None
    last_error: str | None
    wa_id: str | None


@dataclass(frozen=True)
class Reply:
    """What somebody answered; the time is UTC."""

    id: int
    contact_id: int
    phone: str
    name: str | None
    type: str
    content: str
    received_at: datetime


def by_contact(db: Db, campaign_id: int, *, outcome: str | None, after: int, limit: int) -> list[Result]:
    """Contacts in the order of their Message 1, from the one behind the message `after`; those who ended so, if it is said."""
    rows = db.execute(
        f"""SELECT m.id AS message_id, m.contact_id, {_PHONE}, p.name, m.status, m.outcome, m.sent_at, m.answered_at,
               f.status AS follow_up_status, coalesce(f.last_error, m.last_error) AS last_error, m.wa_id
           FROM messages AS m JOIN contacts AS p ON p.id = m.contact_id
           LEFT JOIN messages AS f ON f.campaign_id = m.campaign_id AND f.contact_id = m.contact_id AND f.kind = 'message_2'
           WHERE m.campaign_id = %(id)s AND m.kind = 'message_1' AND m.id > %(after)s
             AND (%(outcome)s::text IS NULL OR coalesce(m.outcome, %(open)s) = %(outcome)s)
           ORDER BY m.id LIMIT %(limit)s""".encode(),  # noqa: S608 (constants only)
        {"id": campaign_id, "after": after, "outcome": outcome, "open": OPEN, "limit": limit},
    ).fetchall()
    return [Result(**row) for row in rows]


def replies(db: Db, campaign_id: int, *, before: int | None, limit: int) -> list[Reply]:
    """The newest replies, or those older than the reply `before`."""
    rows = db.execute(
        """SELECT i.id, i.contact_id, p.phone, p.name, i.type, i.content, i.received_at
           FROM interactions AS i JOIN contacts AS p ON p.id = i.contact_id
           WHERE i.campaign_id = %s AND p.erased_at IS NULL AND i.id < coalesce(%s::bigint, 9223372036854775807)
           ORDER BY i.id DESC LIMIT %s""",
        [campaign_id, before, limit],
    ).fetchall()
    return [Reply(**row) for row in rows]
