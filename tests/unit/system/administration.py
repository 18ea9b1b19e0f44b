"""Somebody logged in, for tests of routes."""

from argon2 import PasswordHasher

from system.db.database import Database
from system.domain.roles import Role
from system.services.passwords import Passwords
from system.services.users import add_user

TOKEN_SECRET = "a secret of thirty-two bytes or more"
PASSWORD = "correct horse battery"
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def add_everybody(db: Database) -> None:
    """One user a role, named as the role is."""
    for role in Role:
        add_user(db, CHEAP, role.value, role, PASSWORD)
