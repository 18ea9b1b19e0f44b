"""What has been kept for long enough. Each statement takes at most `most` rows, so that it never holds locks for long."""

from datetime import datetime

from system.db.connection import Db

# Nothing can be sent again of these.
_OVER = "('completed', 'cancelled', 'failed')"


def inactive_contacts(db: Db, *, before: datetime, most: int) -> dict[int, tuple[str, bool]]:
    """Number, and whether it is suppressed, of contacts that nothing happened to since `before`; locked until the transaction ends."""
    rows = db.execute(
        """SELECT c.id, c.phone, EXISTS (SELECT 1 FROM suppressions AS s WHERE s.phone = c.phone) AS suppressed
           FROM contacts AS c
           WHERE c.erased_at IS NULL AND greatest(c.created_at, c.opted_in_at, c.last_inbound_at) < %(before)s
             AND NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.contact_id = c.id
                 AND (m.status IN ('pending', 'sending', 'unknown') OR coalesce(m.sent_at, m.created_at) >= %(before)s))
             AND NOT EXISTS (SELECT 1 FROM campaign_contacts AS l JOIN campaigns AS g ON g.id = l.campaign_id
                 WHERE l.contact_id = c.id AND g.created_at >= %(before)s)
           ORDER BY c.id LIMIT %(most)s FOR UPDATE OF c SKIP LOCKED""",
        {"before": before, "most": most},
    ).fetchall()
    return {int(row["id"]): (str(row["phone"]), bool(row["suppressed"])) for row in rows}


def forget_chats(db: Db, phones: list[str]) -> None:
    """The chats of these numbers are nobody's."""
    db.execute("DELETE FROM contact_lids WHERE phone = ANY(%s)", [phones])


def forget_texts(db: Db, *, before: datetime, most: int) -> int:
    """Empties messages of campaigns that are over, and replies; returns how many."""
    messages = db.execute(
        f"""UPDATE messages SET body = '', content = NULL, last_error = NULL WHERE id IN (
               SELECT m.id FROM messages AS m JOIN campaigns AS c ON c.id = m.campaign_id
               WHERE m.body <> '' AND greatest(m.created_at, m.sent_at, m.ended_at) < %s AND c.status IN {_OVER}
                 AND m.status NOT IN ('pending', 'sending', 'unknown')
               ORDER BY m.id LIMIT %s FOR UPDATE OF m SKIP LOCKED)""".encode(),  # noqa: S608 (constants only)
        [before, most],
    )
    replies = db.execute(
        """UPDATE interactions SET content = '' WHERE id IN (
               SELECT id FROM interactions WHERE content <> '' AND received_at < %s ORDER BY id LIMIT %s)""",
        [before, most],
    )
    return messages.rowcount + replies.rowcount


def forget_events(db: Db, *, before: datetime, most: int) -> int:
    """Deletes processed events, and lines that imports did not take; returns how many."""
    events = db.execute(
        """DELETE FROM webhook_inbox WHERE id IN (
               SELECT id FROM webhook_inbox WHERE received_at < %s AND processed_at < %s ORDER BY id LIMIT %s)""",
        [before, before, most],
    )
    lines = db.execute(
        """DELETE FROM import_rejections WHERE (import_id, line) IN (
               SELECT r.import_id, r.line FROM import_rejections AS r JOIN imports AS i ON i.id = r.import_id
               WHERE i.started_at < %s ORDER BY 1, 2 LIMIT %s)""",
        [before, most],
    )
    return events.rowcount + lines.rowcount


def forget_actions(db: Db, *, before: datetime, most: int) -> int:
    """Deletes lines of the log of what people did; returns how many."""
    return db.execute(
        "DELETE FROM action_log WHERE id IN (SELECT id FROM action_log WHERE done_at < %s ORDER BY id LIMIT %s)",
        [before, most],
    ).rowcount
