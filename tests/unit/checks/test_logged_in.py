"""What the driver answers when it is asked who could be logged in."""

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from checks.full_driver import FullDriver
from system.db.database import Database
from system.sandbox.stack import RunningStack
from system.services.access import Access
from system.services.users import enable_user
from tests.unit.system.administration import CHEAP, PASSWORD, TOKEN_SECRET, add_everybody

pytestmark = pytest.mark.real


@dataclass(frozen=True)
class DatabaseAlone:
    """A stack of which only the database is asked."""

    database_url: str


def test_users_and_tokens_are_told_until_they_are_disabled_and_revoked(postgres_url: str) -> None:
    witness = FullDriver(Path(), lambda: nullcontext(cast("RunningStack", DatabaseAlone(postgres_url))))
    witness.start()
    db = Database(postgres_url)
    assert witness.logged_in() == []
    add_everybody(db)
    access = Access(db, TOKEN_SECRET, CHEAP, lifetime=timedelta(minutes=5))
    access.log_in("admin", PASSWORD, "192.0.2.1")
    found = witness.logged_in()
    people = sorted(entry for entry in found if entry.startswith("users : "))
    assert people == ["users : admin", "users : operator", "users : reader"]
    assert len([entry for entry in found if entry.startswith("access_tokens : ")]) == 1
    for name in ("reader", "operator", "admin"):
        enable_user(db, name, enabled=False)
    assert witness.logged_in() == []
    with db.transaction() as connection:
        connection.execute("CREATE TABLE admin_sessions (id int)")
    # A table it does not know counts, whatever it holds.
    assert witness.logged_in() == ["admin_sessions"]
    db.close()
