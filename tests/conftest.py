"""Real servers for the whole run: one embedded PostgreSQL and one embedded Redis, fresh content for each test."""

import itertools
from collections.abc import Iterator

import psycopg
import pytest
import redis
from hypothesis import HealthCheck, settings
from psycopg import sql

from system.sandbox.servers import Servers, embedded_servers

# Machines are shared: how long an example takes says nothing of the code.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")

TEMPLATE = "template_migrated"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Embedded servers, whatever the environment names: tests never touch somebody's data."""
    with embedded_servers(None, environ={}) as running:
        yield running


def _database(servers: Servers, name: str) -> str:
    return servers.database_url.rpartition("/")[0] + f"/{name}"


@pytest.fixture(scope="session")
def migrated_template(servers: Servers) -> str:
    """Name of a database that holds the migrated schema and no row; nobody stays connected to it."""
    # Only here: the tests of `audit` must be able to run beside a broken stack.
    from system.db.migrate import migrate  # noqa: PLC0415

    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    migrate(_database(servers, TEMPLATE))
    return TEMPLATE


def _fresh_database(servers: Servers, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY WAL_LOG")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield _database(servers, name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def postgres_url(servers: Servers, migrated_template: str) -> Iterator[str]:
    """URL of a database of this test's own, migrated and empty."""
    yield from _fresh_database(servers, migrated_template)


@pytest.fixture
def empty_postgres_url(servers: Servers) -> Iterator[str]:
    """URL of a database of this test's own, without any table."""
    yield from _fresh_database(servers, "template1")


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """URL of the shared Redis, emptied before the test."""
    with redis.Redis.from_url(servers.redis_url) as client:
        client.flushall()
    return servers.redis_url
