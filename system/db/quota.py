"""The daily limit: counted here, over both kinds of message, before anything is sent."""

from datetime import date
from typing import TYPE_CHECKING, Any

from system.db.connection import Db
from system.domain.daily_limit import DailyLimit

if TYPE_CHECKING:
    from system.db.messages import Claim

RESERVE = """
WITH mine AS (
    SELECT kind, quota_day FROM messages WHERE id = %(id)s AND lease_token = %(token)s AND status = 'sending' FOR UPDATE
)
UPDATE messages SET quota_day = coalesce(
    (SELECT count_in_day(kind, %(day)s, %(limit)s, %(most_message_1)s) FROM mine WHERE quota_day IS DISTINCT FROM %(day)s), quota_day)
WHERE id = %(id)s AND EXISTS (SELECT FROM mine)
RETURNING quota_day
"""


def reserve(db: Db, claim: "Claim", *, day: date, limit: int) -> bool:
    """Counts the message in `day` unless it, or its part for Message 1, is full; a message is counted once a day, however many attempts.

    False too when the message is no longer this claim's.
    """
    parameters: dict[str, Any] = {"id": claim.id, "token": claim.lease_token, "day": day, "limit": limit}
    parameters["most_message_1"] = DailyLimit(limit).most_message_1
    row = db.execute(RESERVE, parameters).fetchone()
    return row is not None and row["quota_day"] == day


def give_back(db: Db, claim: "Claim") -> None:
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
