from collections.abc import Iterator

import pytest

from system.db.database import Database
from system.main import create_app
from tests.unit.system.administration import TOKEN_SECRET, add_everybody
from tests.unit.system.environment import stack_environment
from tests.unit.system.routers.client import Client
from tests.unit.system.routers.page_browser import browser

__all__ = ["browser"]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, postgres_url: str, redis_url: str, db: Database) -> Iterator[Client]:
    """Asks the application, to which one user of each role may log in."""
    monkeypatch.setenv("ADMIN_TOKEN_SECRET", TOKEN_SECRET)
    add_everybody(db)
    with stack_environment(monkeypatch, postgres_url, redis_url):
        yield Client(create_app())
