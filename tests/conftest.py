"""Real servers for the whole run: one embedded PostgreSQL and one embedded Redis, fresh content for each test."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

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
DROPPED_TOGETHER = 20
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


class FreshDatabases:
    """Databases of one test each, dropped many at a time: a DROP makes the server write a checkpoint, which costs it more than a CREATE."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._over: list[sql.Identifier] = []

    @contextmanager
    def copy(self, template: str) -> Iterator[str]:
        """URL of a copy of this database; nobody stays connected to it afterwards."""
        name = f"test_{next(_numbers)}"
        with psycopg.connect(self._servers.database_url, autocommit=True) as connection:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
            try:
                yield _database(self._servers, name)
            finally:
                left = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
                connection.execute(left, [name])
                self._over.append(sql.Identifier(name))
                if len(self._over) >= DROPPED_TOGETHER:
                    for one in self._over:
                        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(one))
                    self._over.clear()


@pytest.fixture(scope="session")
def fresh_databases(servers: Servers) -> FreshDatabases:
    return FreshDatabases(servers)


@pytest.fixture
def postgres_url(fresh_databases: FreshDatabases, migrated_template: str) -> Iterator[str]:
    """URL of a database of this test's own, migrated and empty."""
    with fresh_databases.copy(migrated_template) as url:
        yield url


@pytest.fixture
def empty_postgres_url(fresh_databases: FreshDatabases) -> Iterator[str]:
    """URL of a database of this test's own, without any table."""
    with fresh_databases.copy("template1") as url:
        yield url


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """URL of the shared Redis, emptied before the test."""
    with redis.Redis.from_url(servers.redis_url) as client:
        client.flushall()
    return servers.redis_url
