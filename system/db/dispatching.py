"""What the dispatchers of campaigns take, and when."""

from dataclasses import dataclass
from datetime import datetime

from system.db.connection import Db
from system.db.messages import hours_of
from system.domain.sending_hours import SendingHours

PUBLISHED = """
SELECT count(*) FROM messages
WHERE campaign_id = %s AND kind = 'message_1' AND status = 'pending' AND NOT held
  AND published_at <= now() AND coalesce(next_attempt_at, '-infinity') <= now()
"""


@dataclass(frozen=True)
class Batch:
    """What one turn of a dispatcher took; `more` when it has to come back."""

    message_ids: tuple[int, ...]
    more: bool


def take_turn(db: Db, campaign_id: int, *, min_interval: float) -> bool:
    """Whether this dispatcher may work now: two chains of one campaign so become one, the later of two close turns ends."""
    cursor = db.execute(
        """UPDATE campaigns SET dispatched_at = now()
           WHERE id = %s AND status = 'sending'
             AND (dispatched_at IS NULL OR dispatched_at <= now() - make_interval(secs => %s))""",
        [campaign_id, min_interval],
    )
    return cursor.rowcount == 1


def published(db: Db, campaign_id: int) -> int:
    """How many of its Message 1 are published and not yet claimed."""
    row = db.execute(PUBLISHED, [campaign_id]).fetchone()
    return 0 if row is None else int(row["count"])


def take_batch(db: Db, campaign_id: int, *, most: int) -> Batch:
    """Marks the next due Message 1 as published, at most so many."""
    rows = db.execute(
        """UPDATE messages SET published_at = now() WHERE id IN (
               SELECT id FROM messages
               WHERE campaign_id = %(id)s AND kind = 'message_1' AND status = 'pending' AND NOT held
                 AND published_at IS NULL AND coalesce(next_attempt_at, '-infinity') <= now()
               ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
           RETURNING id""",
        {"id": campaign_id, "most": most},
    ).fetchall()
    more = db.execute(
        """SELECT 1 FROM messages WHERE campaign_id = %s AND kind = 'message_1' AND status = 'pending' AND NOT held
             AND published_at IS NULL AND coalesce(next_attempt_at, '-infinity') <= now() LIMIT 1""",
        [campaign_id],
    ).fetchone()
    return Batch(tuple(sorted(row["id"] for row in rows)), more is not None)


def wake_silent(db: Db, *, silent_seconds: float) -> tuple[int, ...]:
    """Sending campaigns with rows to dispatch whose dispatcher gave no sign for so long; they count as woken now."""
    rows = db.execute(
        """UPDATE campaigns SET dispatcher_woken_at = now() WHERE id IN (
               SELECT c.id FROM campaigns AS c
               WHERE c.status = 'sending' AND coalesce(c.rest_until, '-infinity') <= now()
                 AND greatest(c.dispatched_at, c.dispatcher_woken_at, c.launched_at)
                     < now() - make_interval(secs => %(silent)s)
                 AND EXISTS (SELECT 1 FROM messages AS m
                     WHERE m.campaign_id = c.id AND m.kind = 'message_1' AND m.status = 'pending' AND NOT m.held
                       AND m.published_at IS NULL AND coalesce(m.next_attempt_at, '-infinity') <= now())
               FOR UPDATE SKIP LOCKED)
           RETURNING id""",
        {"silent": silent_seconds},
    ).fetchall()
    return tuple(sorted(row["id"] for row in rows))


def taken_since_rest(db: Db, campaign_id: int) -> int | None:
    """Messages taken since the last pause between batches; None during one."""
    row = db.execute(
        "SELECT taken_since_rest FROM campaigns WHERE id = %s AND coalesce(rest_until, '-infinity') <= now()",
        [campaign_id],
    ).fetchone()
    return None if row is None else int(row["taken_since_rest"])


def note_taken(db: Db, campaign_id: int, taken: int) -> None:
    """Counts the messages of a batch."""
    db.execute("UPDATE campaigns SET taken_since_rest = taken_since_rest + %s WHERE id = %s", [taken, campaign_id])


def hours(db: Db, campaign_id: int) -> SendingHours | None:
    """The campaign's own sending hours; None where those of the installation hold."""
    row = db.execute(
        "SELECT sending_zone, sending_opens, sending_closes FROM campaigns WHERE id = %s", [campaign_id]
    ).fetchone()
    return None if row is None else hours_of(row)


def hold(db: Db, campaign_id: int, *, until: datetime) -> None:
    """Notes until when a full day, or the hour, keeps the campaign's due Message 1 waiting, if it has any."""
    db.execute(
        """UPDATE campaigns SET held_until = %(until)s
           WHERE id = %(id)s AND held_until IS DISTINCT FROM %(until)s AND EXISTS (SELECT 1 FROM messages AS m
               WHERE m.campaign_id = %(id)s AND m.kind = 'message_1' AND m.status = 'pending' AND NOT m.held
                 AND m.published_at IS NULL)""",
        {"id": campaign_id, "until": until},
    )


def let_go(db: Db, campaign_id: int, *, now: datetime) -> None:
    """Ends a hold that was to last beyond `now`: what made it, a full day or the hour, is no longer so."""
    db.execute(
        "UPDATE campaigns SET held_until = %(now)s WHERE id = %(id)s AND held_until > %(now)s",
        {"id": campaign_id, "now": now},
    )


def rest(db: Db, campaign_id: int, *, seconds: float) -> None:
    """Starts a pause between batches."""
    db.execute(
        "UPDATE campaigns SET taken_since_rest = 0, rest_until = now() + make_interval(secs => %s) WHERE id = %s",
        [seconds, campaign_id],
    )
