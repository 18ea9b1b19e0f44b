"""Campaigns' rows and the dispatcher's statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex

from system.db.connection import Db
from system.domain.statuses import CampaignStatus, MessageKind


@dataclass(frozen=True)
class Batch:
    """What one turn of a dispatcher took; `more` when it has to come back."""

    message_ids: tuple[int, ...]
    more: bool


def insert(db: Db, name: str, body: str, follow_up: str) -> int:
    """A new draft; returns its id."""
    row = db.execute(
        "INSERT INTO campaigns (name, message_template, follow_up_template) VALUES (%s, %s, %s) RETURNING id",
        [name, body, follow_up],
    ).fetchone()
    assert row is not None  # noqa: S101 (RETURNING of an INSERT)
    return int(row["id"])


def add_contacts(db: Db, campaign_id: int, body: str, phones: Sequence[str]) -> None:
    """One Message 1 a distinct phone; contacts are created as needed."""
    distinct = sorted(set(phones))
    db.execute(
        "INSERT INTO contacts (phone) SELECT unnest(%s::text[]) ON CONFLICT (phone) DO NOTHING",
        [distinct],
    )
    db.execute(
        """INSERT INTO messages (campaign_id, contact_id, kind, body, reference)
           SELECT %(campaign)s, c.id, %(kind)s, %(body)s,
                  'm-' || %(campaign)s || '-' || %(salt)s || '-' || c.id
           FROM contacts AS c WHERE c.phone = ANY(%(phones)s)
           ON CONFLICT (campaign_id, contact_id, kind) DO NOTHING""",
        {
            "campaign": campaign_id,
            "kind": MessageKind.MESSAGE_1.value,
            "body": body,
            "salt": token_hex(8),
            "phones": distinct,
        },
    )


def launch(db: Db, campaign_id: int) -> bool:
    """From draft or paused to sending; False when it is in another state or unknown."""
    cursor = db.execute(
        """UPDATE campaigns SET status = 'sending', stop_reason = NULL, dispatcher_woken_at = now(),
               launched_at = coalesce(launched_at, now())
           WHERE id = %s AND status IN ('draft', 'paused')""",
        [campaign_id],
    )
    return cursor.rowcount == 1


def stop(db: Db, campaign_id: int, *, status: CampaignStatus, reason: str) -> bool:
    """Takes a sending campaign out of sending; False when it was not sending."""
    cursor = db.execute(
        "UPDATE campaigns SET status = %s, stop_reason = %s WHERE id = %s AND status = 'sending'",
        [status.value, reason, campaign_id],
    )
    return cursor.rowcount == 1


def take_turn(db: Db, campaign_id: int, *, min_interval: float) -> bool:
    """Whether this dispatcher may work now: two chains of one campaign so become one, the later of two close turns ends."""
    cursor = db.execute(
        """UPDATE campaigns SET dispatched_at = now()
           WHERE id = %s AND status = 'sending'
             AND (dispatched_at IS NULL OR dispatched_at <= now() - make_interval(secs => %s))""",
        [campaign_id, min_interval],
    )
    return cursor.rowcount == 1


def take_batch(db: Db, campaign_id: int, *, window: int) -> Batch:
    """Marks due Message 1 as published, keeping at most `window` of them published and not yet claimed."""
    rows = db.execute(
        """UPDATE messages SET published_at = now() WHERE id IN (
               SELECT id FROM messages
               WHERE campaign_id = %(id)s AND kind = 'message_1' AND status = 'pending' AND published_at IS NULL
                 AND coalesce(next_attempt_at, '-infinity') <= now()
               ORDER BY id
               LIMIT greatest(0, %(window)s - (
                   SELECT count(*) FROM messages
                   WHERE campaign_id = %(id)s AND kind = 'message_1' AND status = 'pending'
                     AND published_at <= now() AND coalesce(next_attempt_at, '-infinity') <= now()))
               FOR UPDATE SKIP LOCKED)
           RETURNING id""",
        {"id": campaign_id, "window": window},
    ).fetchall()
    more = db.execute(
        """SELECT 1 FROM messages WHERE campaign_id = %s AND kind = 'message_1' AND status = 'pending'
             AND published_at IS NULL AND coalesce(next_attempt_at, '-infinity') <= now() LIMIT 1""",
        [campaign_id],
    ).fetchone()
    return Batch(tuple(sorted(row["id"] for row in rows)), more is not None)


def wake_silent(db: Db, *, silent_seconds: float) -> tuple[int, ...]:
    """Sending campaigns with rows to dispatch whose dispatcher gave no sign for so long; they count as woken now."""
    rows = db.execute(
        """UPDATE campaigns SET dispatcher_woken_at = now() WHERE id IN (
               SELECT c.id FROM campaigns AS c
               WHERE c.status = 'sending'
                 AND greatest(c.dispatched_at, c.dispatcher_woken_at, c.launched_at)
                     < now() - make_interval(secs => %(silent)s)
                 AND EXISTS (SELECT 1 FROM messages AS m
                     WHERE m.campaign_id = c.id AND m.kind = 'message_1' AND m.status = 'pending'
                       AND m.published_at IS NULL AND coalesce(m.next_attempt_at, '-infinity') <= now())
               FOR UPDATE SKIP LOCKED)
           RETURNING id""",
        {"silent": silent_seconds},
    ).fetchall()
    return tuple(sorted(row["id"] for row in rows))


def complete_finished(db: Db) -> tuple[int, ...]:
    """Closes sending campaigns that have no open message left; returns their ids."""
    rows = db.execute(
        """UPDATE campaigns AS c SET status = 'completed', completed_at = now()
           WHERE c.status = 'sending' AND NOT EXISTS (
               SELECT 1 FROM messages AS m
               WHERE m.campaign_id = c.id AND m.status IN ('pending', 'sending', 'unknown'))
           RETURNING c.id"""
    ).fetchall()
    return tuple(sorted(row["id"] for row in rows))
