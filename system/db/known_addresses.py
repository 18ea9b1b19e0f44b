"""From where users have come in."""

from datetime import datetime, timedelta

from system.db.connection import Db

KEPT = timedelta(days=90)


def note(db: Db, user_id: int, address: str, *, at: datetime) -> None:
    """The user came in from there; what was seen long ago is forgotten."""
    db.execute("DELETE FROM known_addresses WHERE seen_at < %s", [at - KEPT])
    db.execute(
        """INSERT INTO known_addresses (user_id, address, seen_at) VALUES (%s, %s, %s)
           ON CONFLICT (user_id, address) DO UPDATE SET seen_at = excluded.seen_at""",
        [user_id, address, at],
    )


def is_known(db: Db, name: str, address: str, *, at: datetime) -> bool:
    """Whether the user of this name came in from there lately."""
    found = db.execute(
        """SELECT 1 FROM known_addresses AS k JOIN users AS u ON u.id = k.user_id
           WHERE u.name = %s AND k.address = %s AND k.seen_at >= %s""",
        [name, address, at - KEPT],
    )
    return found.fetchone() is not None


def users_by_address(db: Db) -> dict[str, int]:
    """How many users have come in from each address."""
    rows = db.execute("SELECT address, count(*) AS users FROM known_addresses GROUP BY address").fetchall()
    return {row["address"]: int(row["users"]) for row in rows}
