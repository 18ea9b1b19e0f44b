"""Who may log in, as the command line or an administrator decides."""

import re

from system.db import access_tokens, action_log, users
from system.db.database import Database
from system.db.users import User
from system.domain.roles import Role
from system.services.passwords import Passwords

BY = "cli"
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}", re.ASCII)


class UserError(ValueError):
    """The user cannot be made or changed so; the message says why."""


def add_user(db: Database, passwords: Passwords, name: str, role: Role, password: str, *, actor: str = BY) -> None:
    """A new user.

    Raises:
        UserError: when the name is strange or taken.
        PasswordError: when the password is too short or too long.

    """
    if not _NAME.fullmatch(name):
        raise UserError(f"{name!r}: a name has 1 to 64 small letters, digits or . _ @ + -")
    password_hash = passwords.hash(password)
    with db.transaction() as connection:
        if not users.insert(connection, name, role, password_hash):
            raise UserError(f"{name} exists already")
        action_log.record(connection, actor, "user added", {"user": name, "role": role.value})


def enable_user(db: Database, name: str, *, enabled: bool, actor: str = BY) -> int:
    """Lets a user in again, or no longer: every token is revoked at once; returns how many lived.

    Raises:
        UserError: when there is none of this name.

    """
    with db.transaction() as connection:
        if not users.enable(connection, name, enabled=enabled):
            raise UserError(f"{name}: no such user")
        revoked = 0 if enabled else access_tokens.revoke_all_of(connection, name)
        action_log.record(connection, actor, "user enabled" if enabled else "user disabled", {"user": name})
    return revoked


def change_password(db: Database, passwords: Passwords, name: str, password: str, *, actor: str = BY) -> int:
    """Replaces the password and revokes every token; returns how many lived.

    Raises:
        UserError: when there is none of this name.
        PasswordError: when the password is too short or too long.

    """
    password_hash = passwords.hash(password)
    with db.transaction() as connection:
        if not users.set_password(connection, name, password_hash):
            raise UserError(f"{name}: no such user")
        revoked = access_tokens.revoke_all_of(connection, name)
        action_log.record(connection, actor, "password changed", {"user": name})
    return revoked


def list_users(db: Database) -> list[User]:
    """Every user, by name."""
    with db.transaction() as connection:
        return users.every(connection)
