"""The daily limit: counted here, over both kinds of message, before anything is sent."""

from datetime import date

from system.db.connection import Db
from system.db.messages import Claim


def reserve(db: Db, claim: Claim, *, day: date, limit: int) -> bool:
    """Counts the message in `day` unless the day is full; a message is counted once a day, however many attempts.

    False too when the message is no longer this claim's.
    """
    mine = db.execute(
        """SELECT quota_day FROM messages WHERE id = %s AND lease_token = %s AND status = 'sending' FOR UPDATE""",
        [claim.id, claim.lease_token],
    ).fetchone()
    if mine is None:
        return False
    if mine["quota_day"] == day:
        return True
    db.execute("INSERT INTO daily_counters (day) VALUES (%s) ON CONFLICT DO NOTHING", [day])
    counted = db.execute(
        """UPDATE daily_counters
           SET message_1 = message_1 + (%(kind)s = 'message_1')::int,
               message_2 = message_2 + (%(kind)s = 'message_2')::int
           WHERE day = %(day)s AND message_1 + message_2 < %(limit)s""",
        {"day": day, "kind": claim.kind.value, "limit": limit},
    )
    if counted.rowcount == 0:
        return False
    db.execute("UPDATE messages SET quota_day = %s WHERE id = %s", [day, claim.id])
    return True


def give_back(db: Db, claim: Claim) -> None:
    """Uncounts a message that is surely never sent, and counts an error in its place."""
    row = db.execute(
        """UPDATE messages AS m SET quota_day = NULL
           FROM (SELECT id, quota_day FROM messages WHERE id = %s FOR UPDATE) AS before
           WHERE m.id = before.id RETURNING before.quota_day""",
        [claim.id],
    ).fetchone()
    if row is not None and row["quota_day"] is not None:
        db.execute(
            """UPDATE daily_counters
               SET message_1 = message_1 - (%(kind)s = 'message_1')::int,
                   message_2 = message_2 - (%(kind)s = 'message_2')::int, errors = errors + 1
               WHERE day = %(day)s""",
            {"day": row["quota_day"], "kind": claim.kind.value},
        )
