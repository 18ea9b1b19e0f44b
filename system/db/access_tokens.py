"""The tokens that were issued: a token is good while its row is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from system.db.connection import Db
from system.domain.roles import Role


@dataclass(frozen=True)
class Holder:
    """Whom a living token stands for."""

    token_id: UUID
    user_id: int
    name: str
    role: Role


def issue(db: Db, token_id: UUID, user_id: int, *, expires_at: datetime) -> bool:
    """Records a new token, and forgets those that ended a week ago; False when the user may not log in any more."""
    db.execute("DELETE FROM access_tokens WHERE expires_at < now() - interval '7 days'")
    # The lock: a user being disabled at this moment gets no token after its tokens were revoked.
    cursor = db.execute(
        """INSERT INTO access_tokens (id, user_id, expires_at)
           SELECT %s, id, %s FROM users WHERE id = %s AND enabled FOR UPDATE""",
        [token_id, expires_at, user_id],
    )
    return cursor.rowcount == 1


def holder(db: Db, token_id: UUID, *, at: datetime) -> Holder | None:
    """The enabled user whose token this is, unless it was revoked, has expired or is unknown."""
    row = db.execute(
        """SELECT t.id AS token_id, u.id AS user_id, u.name, u.role
           FROM access_tokens AS t JOIN users AS u ON u.id = t.user_id
           WHERE t.id = %s AND t.revoked_at IS NULL AND t.expires_at > %s AND u.enabled""",
        [token_id, at],
    ).fetchone()
    return None if row is None else Holder(**row | {"role": Role(row["role"])})


def prolong(db: Db, token_id: UUID, *, until: datetime, at_most: timedelta) -> None:
    """Lets a living token last until then, but no longer than `at_most` after it was issued; never shortens it."""
    # Once a minute is enough: not every request of a page has to write.
    db.execute(
        """UPDATE access_tokens SET expires_at = least(%(until)s, issued_at + %(most)s)
           WHERE id = %(id)s AND revoked_at IS NULL
             AND expires_at < least(%(until)s, issued_at + %(most)s) - interval '1 minute'""",
        {"id": token_id, "until": until, "most": at_most},
    )


def revoke(db: Db, token_id: UUID) -> None:
    """Ends one token."""
    db.execute("UPDATE access_tokens SET revoked_at = now() WHERE id = %s AND revoked_at IS NULL", [token_id])


def revoke_all_of(db: Db, name: str) -> int:
    """Ends every token of the user; returns how many lived."""
    return db.execute(
        """UPDATE access_tokens SET revoked_at = now()
           WHERE revoked_at IS NULL AND user_id = (SELECT id FROM users WHERE name = %s)""",
        [name],
    ).rowcount
