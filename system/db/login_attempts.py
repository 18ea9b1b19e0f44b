"""How often somebody tried to log in, counted for all processes together."""

from datetime import datetime, timedelta

from system.db.connection import Db


def count(db: Db, subject: str, *, at: datetime, window: timedelta) -> tuple[int, datetime]:
    """Counts one more attempt; returns how many there were in this window, itself included, and when the window ends.

    `subject` is an account or an address. Windows follow each other without a gap; those of yesterday are forgotten.
    """
    seconds = int(window.total_seconds())
    start = datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, tz=at.tzinfo)
    db.execute("DELETE FROM login_attempts WHERE window_start < %s", [at - timedelta(days=1)])
    row = db.execute(
        """INSERT INTO login_attempts AS l (subject, window_start, attempts) VALUES (%s, %s, 1)
           ON CONFLICT (subject, window_start) DO UPDATE SET attempts = l.attempts + 1 RETURNING attempts""",
        [subject, start],
    ).fetchone()
    assert row is not None  # noqa: S101 (RETURNING of an INSERT)
    return int(row["attempts"]), start + window


def forget(db: Db, subject: str) -> None:
    """Starts counting again, after a success."""
    db.execute("DELETE FROM login_attempts WHERE subject = %s", [subject])
