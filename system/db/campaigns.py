"""Campaigns' rows, and the messages that their life makes, sets aside or takes back."""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any

from psycopg.types.json import Jsonb

from system.db.connection import Db
from system.domain import content as kept
from system.domain.content import Content
from system.domain.sending_hours import SendingHours
from system.domain.statuses import CampaignStatus


def insert(db: Db, name: str, body: str, follow_up: str) -> int:
    """A new draft; returns its id."""
    row = db.execute(
        "INSERT INTO campaigns (name, message_template, follow_up_template) VALUES (%s, %s, %s) RETURNING id",
        [name, body, follow_up],
    ).fetchone()
    assert row is not None  # noqa: S101 (RETURNING of an INSERT)
    return int(row["id"])


def copy(db: Db, campaign_id: int, name: str) -> int | None:
    """A new draft with the texts, hours and contacts of a campaign; returns its id, None when there is no such campaign."""
    row = db.execute(
        """INSERT INTO campaigns (name, message_template, follow_up_template, content, sending_zone, sending_opens, sending_closes)
           SELECT %s, message_template, follow_up_template, content, sending_zone, sending_opens, sending_closes
           FROM campaigns WHERE id = %s RETURNING id""",
        [name, campaign_id],
    ).fetchone()
    if row is None:
        return None
    for statement in (
        "INSERT INTO campaign_contacts (campaign_id, contact_id) SELECT %s, contact_id FROM campaign_contacts WHERE campaign_id = %s",
        "INSERT INTO campaign_categories (campaign_id, category_id) SELECT %s, category_id FROM campaign_categories WHERE campaign_id = %s",
    ):
        db.execute(statement, [row["id"], campaign_id])
    return int(row["id"])


def delete(db: Db, campaign_id: int) -> None:
    """Deletes a locked draft. What its tests sent is still known: they are nobody's from now on, and as hidden as before."""
    db.execute("UPDATE campaigns SET test_of = id WHERE test_of = %s", [campaign_id])
    db.execute("DELETE FROM campaigns WHERE id = %s", [campaign_id])


def rewrite(db: Db, campaign_id: int, name: str, body: str, follow_up: str) -> None:
    """Gives a locked draft another name and other texts."""
    db.execute(
        "UPDATE campaigns SET name = %s, message_template = %s, follow_up_template = %s WHERE id = %s",
        [name, body, follow_up, campaign_id],
    )


def set_hours(db: Db, campaign_id: int, hours: SendingHours | None) -> None:
    """Gives a campaign sending hours of its own, or those of the installation."""
    values = [None] * 3 if hours is None else [hours.zone.key, hours.opens, hours.closes]
    db.execute(
        "UPDATE campaigns SET sending_zone = %s, sending_opens = %s, sending_closes = %s WHERE id = %s",
        [*values, campaign_id],
    )


def set_content(db: Db, campaign_id: int, stored: dict[str, Any] | None) -> None:
    """Gives a draft's Message 1 a file or a template, or a text alone."""
    db.execute(
        "UPDATE campaigns SET content = %s WHERE id = %s", [None if stored is None else Jsonb(stored), campaign_id]
    )


@dataclass(frozen=True)
class Texts:
    """What is filled for each contact of a campaign."""

    message: str
    follow_up: str
    content: Content | None

    @property
    def every(self) -> tuple[str, ...]:
        return (self.message, self.follow_up, *(self.content.texts if self.content else ()))


def texts(db: Db, campaign_id: int) -> Texts:
    """The texts of both messages, with their variables."""
    row = db.execute(
        "SELECT message_template, follow_up_template, content FROM campaigns WHERE id = %s", [campaign_id]
    ).fetchone()
    if row is None:
        return Texts("", "", None)
    return Texts(row["message_template"], row["follow_up_template"], kept.read(row["content"]))


def hours_and_texts(db: Db, campaign_id: int) -> tuple[Any, ...]:
    """All that a draft says and when it would leave, as stored: the same values are the same campaign."""
    row = db.execute(
        """SELECT name, message_template, follow_up_template, content::text, sending_zone, sending_opens, sending_closes
           FROM campaigns WHERE id = %s""",
        [campaign_id],
    ).fetchone()
    return () if row is None else tuple(row.values())


def set_test_of(db: Db, campaign_id: int, original: int) -> None:
    """Says that a campaign only tries the text of another."""
    db.execute("UPDATE campaigns SET test_of = %s WHERE id = %s", [original, campaign_id])


def freeze(db: Db, campaign_id: int) -> int:
    """One Message 1 for each person of the list and the categories who opted in; returns how many contacts it has.

    A test message needs no consent. Who opted out since has ended already. A number known not to be on WhatsApp is left out.
    """
    db.execute(
        """INSERT INTO messages (campaign_id, contact_id, kind, content, body, reference, status, outcome)
           SELECT c.id, p.id, 'message_1', filled_content(c.content, p.first_name, p.last_name, p.name),
                  CASE WHEN strpos(c.message_template, '{{') = 0 THEN c.message_template
                      ELSE filled(c.message_template, p.first_name, p.last_name, p.name) END, 'm-' || c.id || '-' || %(salt)s || '-' || p.id,
                  CASE WHEN s.phone IS NULL THEN 'pending' ELSE 'opted_out' END,
                  CASE WHEN s.phone IS NOT NULL THEN 'opted_out' END
           FROM campaigns AS c
           JOIN (SELECT DISTINCT ON (person_of(phone)) id, phone, first_name, last_name, name FROM contacts
               WHERE (opted_in_at IS NOT NULL OR (SELECT test_of FROM campaigns WHERE id = %(id)s) IS NOT NULL)
                 AND whatsapp_status <> 'invalid'
                 AND id IN (SELECT contact_id FROM campaign_contacts WHERE campaign_id = %(id)s
                     UNION SELECT k.contact_id FROM campaign_categories AS g
                     JOIN contact_categories AS k USING (category_id) WHERE g.campaign_id = %(id)s)
               ORDER BY person_of(phone), id) AS p ON true
           LEFT JOIN suppressions AS s ON s.phone = p.phone
           WHERE c.id = %(id)s
           ORDER BY p.id
           ON CONFLICT (campaign_id, contact_id, kind) DO NOTHING""",
        {"id": campaign_id, "salt": token_hex(8)},
    )
    row = db.execute(
        "SELECT count(*) FROM messages WHERE campaign_id = %s AND kind = 'message_1'", [campaign_id]
    ).fetchone()
    return 0 if row is None else int(row["count"])


def lock(db: Db, campaign_id: int) -> CampaignStatus | None:
    """The campaign's state, which nobody else changes before this transaction ends; None when there is no such campaign."""
    row = db.execute("SELECT status FROM campaigns WHERE id = %s FOR UPDATE", [campaign_id]).fetchone()
    return None if row is None else CampaignStatus(row["status"])


def move(db: Db, campaign_id: int, then: CampaignStatus, *, at: datetime, reason: str | None) -> None:
    """Gives a locked campaign another state, and notes when (UTC) and why."""
    db.execute(
        """UPDATE campaigns SET status = %(then)s, stop_reason = %(reason)s,
               launched_at = CASE %(then)s WHEN 'sending' THEN coalesce(launched_at, now()) ELSE launched_at END,
               dispatcher_woken_at = CASE %(then)s WHEN 'sending' THEN now() ELSE dispatcher_woken_at END,
               resumed_at = CASE WHEN %(then)s = 'sending' AND status IN ('paused', 'completed') THEN %(at)s
                   ELSE resumed_at END,
               completed_at = CASE %(then)s WHEN 'sending' THEN NULL ELSE completed_at END,
               final_statistics = CASE %(then)s WHEN 'sending' THEN NULL ELSE final_statistics END,
               paused_at = CASE %(then)s WHEN 'paused' THEN %(at)s ELSE paused_at END,
               cancelled_at = CASE %(then)s WHEN 'cancelled' THEN %(at)s ELSE cancelled_at END
           WHERE id = %(id)s""",
        {"id": campaign_id, "then": then.value, "at": at, "reason": reason},
    )


def set_schedule(db: Db, campaign_id: int, at: datetime) -> None:
    """When a campaign is to start (UTC)."""
    db.execute("UPDATE campaigns SET scheduled_at = %s WHERE id = %s", [at, campaign_id])


def due(db: Db, *, now: datetime) -> dict[int, datetime]:
    """Scheduled campaigns whose time has come, with that time."""
    rows = db.execute(
        """SELECT id, scheduled_at FROM campaigns WHERE status = 'scheduled' AND scheduled_at <= %s
           ORDER BY scheduled_at, id""",
        [now],
    ).fetchall()
    return {row["id"]: row["scheduled_at"] for row in rows}


def try_failed_again(db: Db, campaign_id: int) -> int:
    """Messages that failed and that the gateway never accepted wait again, with all their attempts; returns how many.

    Not those of who opted out, nor a Message 2 whose time is over, nor those whose text was forgotten.
    """
    cursor = db.execute(
        """UPDATE messages AS m SET status = 'pending', failures = 0, held = false, last_error = NULL,
               next_attempt_at = NULL, published_at = NULL, failed_for_now = false
           FROM contacts AS p
           WHERE m.campaign_id = %(id)s AND m.status = 'failed' AND m.gateway_id IS NULL AND m.sent_at IS NULL
             AND m.body <> '' AND p.id = m.contact_id AND NOT EXISTS (SELECT 1 FROM suppressions AS s WHERE s.phone = p.phone)
             AND (m.kind = 'message_1' OR EXISTS (SELECT 1 FROM messages AS o
                 WHERE o.campaign_id = m.campaign_id AND o.contact_id = m.contact_id AND o.kind = 'message_1'
                   AND least(o.sent_at, coalesce(p.last_inbound_at, '-infinity')) + interval '24 hours' > now()))""",
        {"id": campaign_id},
    )
    return cursor.rowcount


def only_failures_are_left(db: Db, campaign_id: int) -> bool:
    """Whether every contact has ended, some of them by a failure: sending again what waits would only close the campaign."""
    row = db.execute(
        """SELECT count(*) FILTER (WHERE outcome IS NULL) = 0 AND count(*) FILTER (WHERE status = 'failed') > 0 AS only
           FROM messages WHERE campaign_id = %s AND kind = 'message_1'""",
        [campaign_id],
    ).fetchone()
    return row is not None and bool(row["only"])


def hold_pending(db: Db, campaign_id: int, *, held: bool) -> int:
    """Sets aside, or takes back, the Message 1 that wait; one that may have left is not set aside. Returns how many."""
    cursor = db.execute(
        """UPDATE messages SET held = %(held)s
           WHERE campaign_id = %(id)s AND kind = 'message_1' AND status = 'pending' AND held <> %(held)s
             AND NOT (%(held)s AND doubtful)""",
        {"id": campaign_id, "held": held},
    )
    return cursor.rowcount


def stop(db: Db, campaign_id: int, *, status: CampaignStatus, reason: str) -> bool:
    """Takes a sending campaign out of sending; False when it was not sending."""
    cursor = db.execute(
        "UPDATE campaigns SET status = %s, stop_reason = %s WHERE id = %s AND status = 'sending'",
        [status.value, reason, campaign_id],
    )
    return cursor.rowcount == 1
