"""Where contacts end, and the end of campaigns."""

from dataclasses import asdict
from datetime import datetime

from psycopg.types.json import Jsonb

from system.db.connection import Db
from system.db.messages import HELD_BY_THE_DAY
from system.domain.campaign_statistics import CampaignStatistics
from system.domain.statuses import CampaignStatus

# When the 48 h of a campaign begin: its last send, its resumption, or the end of the day whose limit holds what waits.
_LAST_ACT = """greatest(c.resumed_at, c.held_until,
    (SELECT max(m.sent_at) FROM messages AS m WHERE m.campaign_id = c.id),
    (SELECT max(m.next_attempt_at) FROM messages AS m
     WHERE m.campaign_id = c.id AND m.status = 'pending' AND m.last_error = %(held)s))"""
# Campaigns that nobody else is closing and whose every contact has ended.
_ENDED = """NOT EXISTS (SELECT 1 FROM messages AS m
    WHERE m.campaign_id = c.id AND m.kind = 'message_1' AND m.outcome IS NULL)"""


def end_silent_contacts(db: Db, *, now: datetime) -> int:
    """Ends the contacts whose 24 h are over and who have no Message 2 on its way; returns how many."""
    cursor = db.execute(
        """UPDATE messages AS m SET outcome = CASE
               WHEN EXISTS (SELECT 1 FROM suppressions AS s JOIN contacts AS p ON p.phone = s.phone
                   WHERE p.id = m.contact_id) THEN 'opted_out'
               WHEN m.answered_at IS NULL THEN 'no_interaction'
               WHEN m.answered_at >= m.sent_at + interval '24 hours' THEN 'late_interaction'
               ELSE 'failed' END
           FROM campaigns AS c
           WHERE c.id = m.campaign_id AND c.status IN ('sending', 'paused')
             AND m.kind = 'message_1' AND m.outcome IS NULL AND m.status IN ('sent', 'delivered', 'read')
             AND m.sent_at <= %s::timestamptz - interval '24 hours'
             AND NOT EXISTS (SELECT 1 FROM messages AS f
                 WHERE f.campaign_id = m.campaign_id AND f.contact_id = m.contact_id AND f.kind = 'message_2')""",
        [now],
    )
    return cursor.rowcount


def overdue(db: Db, *, now: datetime) -> tuple[int, ...]:
    """Open campaigns whose last message left 48 h ago or more, and which neither a resumption nor a full day has held since."""
    rows = db.execute(
        f"""SELECT c.id FROM campaigns AS c
           WHERE c.status IN ('sending', 'paused') AND c.launched_at <= %(now)s::timestamptz - interval '48 hours'
             AND EXISTS (SELECT 1 FROM messages AS m WHERE m.campaign_id = c.id AND m.sent_at IS NOT NULL)
             AND {_LAST_ACT} <= %(now)s::timestamptz - interval '48 hours'
           ORDER BY c.id""".encode(),  # noqa: S608
        {"now": now, "held": HELD_BY_THE_DAY},
    ).fetchall()
    return tuple(row["id"] for row in rows)


def end_every_contact(db: Db, campaign_id: int, *, outcome: str, reason: str) -> None:
    """Nothing waits any more; what may have left keeps its doubt, to be asked about, and is not sent again."""
    db.execute(
        """UPDATE messages SET status = 'cancelled', last_error = %s, next_attempt_at = NULL
           WHERE campaign_id = %s AND status = 'pending' AND NOT doubtful""",
        [reason, campaign_id],
    )
    db.execute(
        """UPDATE messages SET outcome = %(outcome)s
           WHERE campaign_id = %(id)s AND kind = 'message_1' AND outcome IS NULL""",
        {"outcome": outcome, "id": campaign_id},
    )


def lock_ended(db: Db, *, now: datetime) -> tuple[int, ...]:
    """Sending or paused campaigns whose every contact has ended, locked: nobody else closes them meanwhile.

    What failed in a paused one can be sent again by a resumption, for 48 h; so can what failed for now, whatever the state.
    """
    rows = db.execute(
        f"""SELECT c.id FROM campaigns AS c WHERE c.status IN ('sending', 'paused') AND {_ENDED}
              AND ((c.status = 'sending' AND NOT EXISTS (SELECT 1 FROM messages AS m
                        WHERE m.campaign_id = c.id AND m.failed_for_now))
                OR coalesce({_LAST_ACT}, c.launched_at) <= %(now)s::timestamptz - interval '48 hours'
                OR NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.campaign_id = c.id AND m.status = 'failed'
                    AND m.gateway_id IS NULL AND m.sent_at IS NULL))
            ORDER BY c.id FOR UPDATE OF c SKIP LOCKED""".encode(),  # noqa: S608
        {"now": now, "held": HELD_BY_THE_DAY},
    ).fetchall()
    return tuple(row["id"] for row in rows)


def lock_failed_for_now(db: Db) -> dict[int, int]:
    """Sending campaigns whose every contact has ended, some by a failure for now, locked; with how many did."""
    rows = db.execute(
        f"""SELECT c.id, (SELECT count(*) FROM messages AS m WHERE m.campaign_id = c.id AND m.failed_for_now) AS failed
            FROM campaigns AS c WHERE c.status = 'sending' AND {_ENDED}
              AND EXISTS (SELECT 1 FROM messages AS m WHERE m.campaign_id = c.id AND m.failed_for_now)
            ORDER BY c.id FOR UPDATE OF c SKIP LOCKED""".encode()  # noqa: S608 (constants only)
    ).fetchall()
    return {int(row["id"]): int(row["failed"]) for row in rows}


def complete(db: Db, campaign_id: int, statistics: CampaignStatistics, *, now: datetime) -> None:
    """Completes a locked campaign, whose statistics stay as they are."""
    db.execute(
        "UPDATE campaigns SET status = %s, completed_at = %s, final_statistics = %s WHERE id = %s",
        [CampaignStatus.COMPLETED.value, now, Jsonb(asdict(statistics)), campaign_id],
    )


def cancel_what_came_back(db: Db, *, reason: str) -> None:
    """Ends what a sender gave back to a campaign that was cancelled meanwhile; nobody would take it again."""
    db.execute(
        """UPDATE messages AS m SET status = 'cancelled', last_error = %s, next_attempt_at = NULL
           FROM campaigns AS c
           WHERE c.id = m.campaign_id AND c.status = 'cancelled' AND c.final_statistics IS NULL
             AND m.status = 'pending' AND NOT m.doubtful""",
        [reason],
    )


def lock_cancelled(db: Db) -> tuple[int, ...]:
    """Cancelled campaigns of which nothing is in flight any more and whose statistics are not kept yet, locked."""
    rows = db.execute(
        """SELECT c.id FROM campaigns AS c WHERE c.status = 'cancelled' AND c.final_statistics IS NULL
             AND NOT EXISTS (SELECT 1 FROM messages AS m
                 WHERE m.campaign_id = c.id AND m.status IN ('pending', 'sending', 'unknown'))
           ORDER BY c.id FOR UPDATE OF c SKIP LOCKED"""
    ).fetchall()
    return tuple(row["id"] for row in rows)


def keep_statistics(db: Db, campaign_id: int, statistics: CampaignStatistics) -> None:
    """Keeps the last statistics of a locked campaign."""
    db.execute("UPDATE campaigns SET final_statistics = %s WHERE id = %s", [Jsonb(asdict(statistics)), campaign_id])
