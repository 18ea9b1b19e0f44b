"""The environment of a process of the stack, for tests of tasks and routers."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from system.config import get_settings
from system.daily_counters import close_shared_counters
from system.db.database import Database, close_db
from system.db.supabase import close_supabase
from system.device_buckets import close_buckets
from system.gateway.wassenger import close_gateway
from system.locks import close_locks
from system.tasks.celery_app import celery_app

API = "https://gateway.example/v1"
# The settings that are required.
GOOD = {
    "DATABASE_URL": "postgresql://u:hunter2@host/base",
    "REDIS_URL": "redis://host:6379/0",
    "WASSENGER_API_KEY": "key",
    "WASSENGER_DEVICE": "0123456789abcdef01234567",
}


@contextmanager
def stack_environment(monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str) -> Iterator[None]:
    """Settings for these servers; what this process opens with them is closed at the end."""
    for name, value in {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "WASSENGER_API_KEY": "key",
        "WASSENGER_DEVICE": "0123456789abcdef01234567",
        "WASSENGER_BASE_URL": API,
        "WASSENGER_WEBHOOK_PROOF": "none",
        # Tests run at night too.
        "SENDING_HOURS": "00:00-24:00",
        "SENDING_ZONE": "UTC",
    }.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    celery_app.conf.update(broker_url=redis_url, result_backend=redis_url)
    try:
        yield
    finally:
        close_db()
        close_gateway()
        close_locks()
        close_shared_counters()
        close_buckets()
        close_supabase()
        celery_app.close()
        get_settings.cache_clear()


@pytest.fixture
def in_the_stack(monkeypatch: pytest.MonkeyPatch, postgres_url: str, redis_url: str) -> Iterator[None]:
    """This process is one of the stack's, over the servers of the tests."""
    with stack_environment(monkeypatch, postgres_url, redis_url):
        yield


def wait_for_connections(database: Database) -> None:
    """Until the pool is at rest: as its thread connects it draws from `random`, which Hypothesis refuses while it draws itself."""
    database._pool.wait()
