"""Numbers that must receive nothing more, and what is taken from the queue for them."""

from collections.abc import Sequence
from datetime import datetime

from system.db.connection import Db

OPTED_OUT = "the person opted out"


def suppress(db: Db, phone: str, *, source: str, said: str | None = None, actor: str | None = None) -> bool:
    """Adds the number; False when it is there already. `said` is kept as the proof, `actor` is who recorded it."""
    cursor = db.execute(
        "INSERT INTO suppressions (phone, source, said, actor) VALUES (%s, %s, %s, %s) ON CONFLICT (phone) DO NOTHING",
        [phone, source, said, actor],
    )
    return cursor.rowcount == 1


def since(db: Db, phones: Sequence[str]) -> datetime | None:
    """When the last of these numbers was suppressed (UTC)."""
    row = db.execute(
        "SELECT max(suppressed_at) AS at FROM suppressions WHERE phone = ANY(%s)", [list(phones)]
    ).fetchone()
    return None if row is None else row["at"]


def how_many(db: Db, people: Sequence[Sequence[str]]) -> int:
    """How many of these people, each with every form of their number, are on the list."""
    every = [form for forms in people for form in forms]
    rows = db.execute("SELECT phone FROM suppressions WHERE phone = ANY(%s)", [every]).fetchall()
    found = {row["phone"] for row in rows}
    return sum(not found.isdisjoint(forms) for forms in people)


def lift(db: Db, phones: Sequence[str]) -> bool:
    """Takes the numbers off the list; False when none was on it."""
    return db.execute("DELETE FROM suppressions WHERE phone = ANY(%s)", [list(phones)]).rowcount > 0


def is_suppressed(db: Db, phone: str) -> bool:
    """Whether nothing must leave for this number."""
    return db.execute("SELECT 1 FROM suppressions WHERE phone = %s", [phone]).fetchone() is not None


def withdraw(db: Db, phone: str) -> int:
    """Ends the messages of this number that wait, and the contact in its open campaigns; returns how many messages.

    A message in flight is left to whoever sends it: whether it went through has to be known.
    """
    # Waits for a claim in progress, then sees what it made of the row: each message is claimed or withdrawn, never both.
    cursor = db.execute(
        """UPDATE messages AS m SET status = 'opted_out', last_error = %s, next_attempt_at = NULL
           FROM contacts AS p
           WHERE p.phone = %s AND m.contact_id = p.id AND m.status = 'pending' AND NOT m.doubtful""",
        [OPTED_OUT, phone],
    )
    db.execute(
        """UPDATE messages AS m SET outcome = 'opted_out'
           FROM contacts AS p, campaigns AS c
           WHERE p.phone = %s AND m.contact_id = p.id AND m.kind = 'message_1' AND m.outcome IS NULL
             AND m.sent_at IS NOT NULL AND c.id = m.campaign_id AND c.status IN ('sending', 'paused')
             AND NOT EXISTS (SELECT 1 FROM messages AS f WHERE f.campaign_id = m.campaign_id
                 AND f.contact_id = m.contact_id AND f.kind = 'message_2' AND f.status IN ('sending', 'unknown'))""",
        [phone],
    )
    return cursor.rowcount
