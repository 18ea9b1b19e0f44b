"""The tests of a campaign: hidden campaigns of one contact."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from system.db.campaigns import Texts
from system.db.connection import Db
from system.domain.phone import PhoneNumber


@dataclass(frozen=True)
class Trial:
    """What became of a test message; the time is UTC."""

    phone: str
    status: str
    last_error: str | None
    asked_at: datetime


def just_made(db: Db, campaign_id: int, phone: PhoneNumber, texts: Texts, *, within: timedelta) -> bool:
    """Whether these texts were sent to this number for a test of the campaign, so lately."""
    found = db.execute(
        """SELECT 1 FROM campaigns AS t JOIN messages AS m ON m.campaign_id = t.id JOIN contacts AS p ON p.id = m.contact_id
           WHERE t.test_of = %s AND t.created_at > now() - %s AND p.phone = ANY(%s)
             AND t.message_template = %s AND t.follow_up_template = %s AND t.content IS NOT DISTINCT FROM %s::jsonb""",
        [
            campaign_id,
            within,
            list(phone.forms),
            texts.message,
            texts.follow_up,
            Jsonb(texts.content.stored) if texts.content else None,
        ],
    )
    return found.fetchone() is not None


def latest(db: Db, campaign_id: int, *, most: int) -> list[Trial]:
    """The newest tests of the campaign, and what became of their Message 1."""
    rows = db.execute(
        """SELECT CASE WHEN p.erased_at IS NULL THEN p.phone ELSE '' END AS phone, m.status, m.last_error,
               t.created_at AS asked_at
           FROM campaigns AS t JOIN messages AS m ON m.campaign_id = t.id AND m.kind = 'message_1'
           JOIN contacts AS p ON p.id = m.contact_id
           WHERE t.test_of = %s ORDER BY t.id DESC LIMIT %s""",
        [campaign_id, most],
    ).fetchall()
    return [Trial(**row) for row in rows]
