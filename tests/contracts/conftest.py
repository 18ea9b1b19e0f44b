"""Fakes, embedded servers, and Debian's: one case, every one of them."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import fakeredis
import psycopg
import pytest
import redis

from system.sandbox.postgres import PostgresServer
from system.sandbox.servers import scratch_directory
from system.sandbox.valkey import RedisServer

if TYPE_CHECKING:
    from system.db.database import Database

real, integration = pytest.mark.real, pytest.mark.integration


@pytest.fixture(scope="session")
def debian_redis() -> Iterator[str]:
    """URL of Debian's redis-server."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with scratch_directory(None) as directory:
        server = RedisServer(directory, durable=False)
        server.program = Path(program)
        server.start()
        try:
            yield server.url
        finally:
            server.stop()


@pytest.fixture(scope="session")
def debian_postgres() -> Iterator[str]:
    """URL of Debian's PostgreSQL, the newest one installed."""
    installed = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not installed:
        pytest.skip("PostgreSQL is not installed in /usr/lib/postgresql")
    with scratch_directory(None) as directory:
        server = PostgresServer(directory, durable=False)
        server.programs = max(installed, key=lambda path: int(path.parent.name))
        server.start()
        try:
            yield server.url
        finally:
            server.stop()


@pytest.fixture(
    params=["fake", pytest.param("embedded", marks=real), pytest.param("debian", marks=[real, integration])]
)
def client(request: pytest.FixtureRequest) -> Iterator["redis.Redis"]:
    """An empty Redis."""
    if request.param == "fake":
        made: redis.Redis = fakeredis.FakeRedis()
    else:
        name = {"embedded": "redis_url", "debian": "debian_redis"}[request.param]
        made = redis.Redis.from_url(request.getfixturevalue(name))
    made.flushall()
    yield made
    made.close()


@pytest.fixture(params=[pytest.param("embedded", marks=real), pytest.param("debian", marks=[real, integration])])
def db(request: pytest.FixtureRequest) -> Iterator["Database"]:
    """An empty, migrated database."""
    # Here: the tests of `audit` share this process and must be able to run beside a broken stack.
    from system.db.database import Database  # noqa: PLC0415
    from system.db.migrate import migrate  # noqa: PLC0415

    if request.param == "embedded":
        url = request.getfixturevalue("postgres_url")
    else:
        url = request.getfixturevalue("debian_postgres")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        migrate(url)
    database = Database(url)
    yield database
    database.close()
