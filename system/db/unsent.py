"""Messages that this database believes unsent, after it was restored from a backup."""

from datetime import date

from system.db.connection import Db


def page(db: Db, *, after: int, limit: int) -> list[tuple[int, str]]:
    """Id and reference of the next messages that wait, or failed without being accepted, from the one behind `after`."""
    rows = db.execute(
        """SELECT id, reference FROM messages
           WHERE id > %s AND gateway_id IS NULL AND status IN ('pending', 'sending', 'unknown', 'failed')
           ORDER BY id LIMIT %s""",
        [after, limit],
    ).fetchall()
    return [(int(row["id"]), str(row["reference"])) for row in rows]


def count_in_day(db: Db, message_id: int, day: date) -> None:
    """Counts a message in the day in which it left, unless it is counted there."""
    db.execute(
        """WITH counted AS (UPDATE messages SET quota_day = %(day)s WHERE id = %(id)s AND quota_day IS DISTINCT FROM %(day)s
               RETURNING kind)
           INSERT INTO daily_counters AS d (day, message_1, message_2)
           SELECT %(day)s, (kind = 'message_1')::int, (kind = 'message_2')::int FROM counted
           ON CONFLICT (day) DO UPDATE
               SET message_1 = d.message_1 + excluded.message_1, message_2 = d.message_2 + excluded.message_2""",
        {"id": message_id, "day": day},
    )


def doubt(db: Db, message_id: int) -> None:
    """The gateway could not be asked: a sender asks again before it sends."""
    db.execute(
        "UPDATE messages SET doubtful = true WHERE id = %s AND status IN ('pending', 'failed') AND gateway_id IS NULL",
        [message_id],
    )


def scheduled(db: Db) -> list[int]:
    """The campaigns that wait for their time."""
    return [int(row["id"]) for row in db.execute("SELECT id FROM campaigns WHERE status = 'scheduled' ORDER BY id")]
