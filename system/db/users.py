"""Users' rows."""

from dataclasses import dataclass, field
from datetime import datetime

from system.db.connection import Db
from system.domain.roles import Role


@dataclass(frozen=True)
class User:
    """Somebody who may log in while `enabled`; `created_at` is UTC."""

    id: int
    name: str
    role: Role
    password_hash: str = field(repr=False)
    enabled: bool
    created_at: datetime


def insert(db: Db, name: str, role: Role, password_hash: str) -> bool:
    """A new enabled user; False when the name is taken."""
    cursor = db.execute(
        "INSERT INTO users (name, role, password_hash) VALUES (%s, %s, %s) ON CONFLICT (name) DO NOTHING",
        [name, role.value, password_hash],
    )
    return cursor.rowcount == 1


def by_name(db: Db, name: str) -> User | None:
    """The user, or None."""
    row = db.execute(
        "SELECT id, name, role, password_hash, enabled, created_at FROM users WHERE name = %s", [name]
    ).fetchone()
    return None if row is None else User(**row | {"role": Role(row["role"])})


def every(db: Db) -> list[User]:
    """All of them, by name: they are few."""
    rows = db.execute("SELECT id, name, role, password_hash, enabled, created_at FROM users ORDER BY name").fetchall()
    return [User(**row | {"role": Role(row["role"])}) for row in rows]


def enable(db: Db, name: str, *, enabled: bool) -> bool:
    """Lets the user in, or no longer; False when there is none of this name."""
    return db.execute("UPDATE users SET enabled = %s WHERE name = %s", [enabled, name]).rowcount == 1


def set_password(db: Db, name: str, password_hash: str) -> bool:
    """Replaces the hash; False when there is no user of this name."""
    return db.execute("UPDATE users SET password_hash = %s WHERE name = %s", [password_hash, name]).rowcount == 1


def rehash(db: Db, user_id: int, *, old: str, new: str) -> None:
    """The same password under today's parameters, unless it was changed meanwhile."""
    db.execute("UPDATE users SET password_hash = %s WHERE id = %s AND password_hash = %s", [new, user_id, old])
