"""Interactions, and the Message 2 they earn."""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from system.db.connection import Db
from system.domain.phone import PhoneNumber


@dataclass(frozen=True)
class Addressee:
    """The campaign and contact an interaction belongs to."""

    campaign_id: int
    contact_id: int


def addressee(db: Db, phone: PhoneNumber, *, received_at: datetime) -> Addressee | None:
    """Of the Message 1 this number got, in any of its forms, the latest still in its window says it; else the latest."""
    row = db.execute(
        """SELECT m.campaign_id, m.contact_id FROM messages AS m JOIN contacts AS c ON c.id = m.contact_id
           WHERE c.phone = ANY(%(phones)s) AND m.kind = 'message_1' AND m.sent_at IS NOT NULL
           ORDER BY %(received)s < m.sent_at + interval '24 hours' DESC, m.sent_at DESC, m.id DESC LIMIT 1""",
        {"phones": list(phone.forms), "received": received_at},
    ).fetchone()
    return None if row is None else Addressee(**row)


def may_have_got_message_1(db: Db, phone: PhoneNumber) -> bool:
    """Whether a Message 1 is in somebody's hands, or may have left unanswered, for this number."""
    found = db.execute(
        """SELECT 1 FROM messages AS m JOIN contacts AS c ON c.id = m.contact_id
           WHERE c.phone = ANY(%s) AND m.kind = 'message_1' AND m.status IN ('sending', 'unknown') LIMIT 1""",
        [list(phone.forms)],
    )
    return found.fetchone() is not None


def record(
    db: Db, to: Addressee, *, inbox_id: int, type_: str, content: str, wa_id: str | None, received_at: datetime
) -> None:
    """Records an interaction, once for each inbox entry."""
    db.execute(
        """INSERT INTO interactions (inbox_id, campaign_id, contact_id, type, content, wa_id, received_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (inbox_id) DO NOTHING""",
        [inbox_id, to.campaign_id, to.contact_id, type_, content, wa_id, received_at],
    )


def note_inbound(db: Db, contact_id: int, *, received_at: datetime) -> None:
    """WhatsApp's own window is open until 24 h after the contact's last message."""
    db.execute(
        """UPDATE contacts SET last_inbound_at = greatest(last_inbound_at, %(received)s)
           WHERE id = %(contact)s AND last_inbound_at IS DISTINCT FROM greatest(last_inbound_at, %(received)s)""",
        {"contact": contact_id, "received": received_at},
    )


def insert_follow_up(db: Db, to: Addressee, *, received_at: datetime, wake_up_in: float) -> int | None:
    """Inserts the Message 2 when the interaction came within 24 h of Message 1, and there is none yet.

    Its wake-up is expected in `wake_up_in` seconds; later than that, the recovery wakes it. Returns its id, or None.
    """
    row = db.execute(
        """INSERT INTO messages (campaign_id, contact_id, kind, body, reference, published_at)
           SELECT m.campaign_id, m.contact_id, 'message_2',
                  filled(c.follow_up_template, p.first_name, p.last_name, p.name),
                  'm2-' || m.campaign_id || '-' || %(salt)s || '-' || m.contact_id,
                  now() + make_interval(secs => %(wake)s)
           FROM messages AS m JOIN campaigns AS c ON c.id = m.campaign_id JOIN contacts AS p ON p.id = m.contact_id
           WHERE m.campaign_id = %(campaign)s AND m.contact_id = %(contact)s AND m.kind = 'message_1'
             AND %(received)s < m.sent_at + interval '24 hours' AND c.status IN ('sending', 'paused')
             AND NOT EXISTS (SELECT 1 FROM suppressions AS s WHERE s.phone = p.phone)
           ON CONFLICT (campaign_id, contact_id, kind) DO NOTHING
           RETURNING id""",
        {
            "campaign": to.campaign_id,
            "contact": to.contact_id,
            "received": received_at,
            "salt": token_hex(8),
            "wake": wake_up_in,
        },
    ).fetchone()
    return None if row is None else int(row["id"])


def has_follow_up(db: Db, to: Addressee) -> bool:
    """Whether the contact has its Message 2 in this campaign."""
    found = db.execute(
        "SELECT 1 FROM messages WHERE campaign_id = %s AND contact_id = %s AND kind = 'message_2'",
        [to.campaign_id, to.contact_id],
    )
    return found.fetchone() is not None


def cancel_late_follow_ups(db: Db, *, now: datetime) -> int:
    """Cancels the Message 2 which have not left and whose window is over; returns how many."""
    cursor = db.execute(
        """UPDATE messages AS m SET status = 'cancelled', last_error = 'the window of 24 h is over'
           FROM messages AS o, contacts AS p
           WHERE m.kind = 'message_2' AND m.status = 'pending' AND NOT m.doubtful AND o.kind = 'message_1'
             AND o.campaign_id = m.campaign_id AND o.contact_id = m.contact_id AND p.id = m.contact_id
             AND least(o.sent_at, coalesce(p.last_inbound_at, '-infinity')) + interval '24 hours' <= %s""",
        [now],
    )
    return cursor.rowcount
