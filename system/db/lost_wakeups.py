"""Messages whose wake-up was lost. PostgreSQL alone says so: neither the broker nor a lock in Redis is asked."""

from system.db.connection import Db
from system.domain.statuses import MessageKind
from system.domain.wakeups import SendMessage

# The first two, and what is in doubt, survive a pause or a cancellation: whether they went through has to be known.
LOST = """
UPDATE messages SET published_at = now() WHERE id IN (
    SELECT m.id FROM messages AS m JOIN campaigns AS c ON c.id = m.campaign_id
    WHERE coalesce(m.published_at, m.created_at) < now() - make_interval(secs => %(patience)s)
      AND ((m.status = 'sending' AND m.lease_until < now())
        OR (m.status = 'unknown' AND coalesce(m.next_attempt_at, '-infinity') <= now())
        OR (m.status = 'pending' AND coalesce(m.next_attempt_at, '-infinity') <= now()
            AND NOT m.held AND (c.status = 'sending' OR m.doubtful)
            AND (m.published_at IS NOT NULL OR m.kind = 'message_2' OR m.doubtful)))
    ORDER BY m.kind DESC, m.id
    LIMIT %(limit)s
    FOR UPDATE OF m SKIP LOCKED)
RETURNING id, kind
"""


def take(db: Db, *, patience_seconds: float, limit: int) -> tuple[SendMessage, ...]:
    """Due messages nobody holds and whose last wake-up is older than `patience_seconds`; they count as woken now.

    Two callers at once get different messages.
    """
    rows = db.execute(LOST, {"patience": patience_seconds, "limit": limit}).fetchall()
    return tuple(SendMessage(row["id"], MessageKind(row["kind"]), resumed=True) for row in rows)
