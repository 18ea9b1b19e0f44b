"""Real PostgreSQL and Redis-protocol servers on 127.0.0.1, embedded by pip wheels, that never outlive this process."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from system.sandbox.postgres import PostgresServer
from system.sandbox.server import Server
from system.sandbox.valkey import RedisServer


@contextmanager
def scratch_directory(data_dir: Path | None) -> Iterator[Path]:
    """The directory asked for, created if need be and kept; without one, a temporary directory removed at the end."""
    if data_dir is not None:
        data_dir.mkdir(parents=True, exist_ok=True)
        yield data_dir.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="system-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def _serving(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def postgres_server(data_dir: Path | None = None) -> Iterator[PostgresServer]:
    """A PostgreSQL of our own; data of a named directory are kept and written durably."""
    with scratch_directory(data_dir) as directory:
        server = PostgresServer(directory, durable=data_dir is not None)
        with _serving(server):
            yield server


@contextmanager
def redis_server(data_dir: Path | None = None) -> Iterator[RedisServer]:
    """A Redis-protocol server of our own; data of a named directory are kept and written durably."""
    with scratch_directory(data_dir) as directory:
        server = RedisServer(directory, durable=data_dir is not None)
        with _serving(server):
            yield server


@dataclass(frozen=True)
class Servers:
    """Where PostgreSQL and Redis are; `postgres` and `redis` are None when somebody else runs them."""

    database_url: str
    redis_url: str
    postgres: PostgresServer | None = None
    redis: RedisServer | None = None


@contextmanager
def embedded_servers(data_dir: Path | None = None, environ: Mapping[str, str] = os.environ) -> Iterator[Servers]:
    """Both servers: those named by DATABASE_URL and REDIS_URL in `environ`, else embedded ones.

    Raises:
        SandboxError: when one cannot start, with the end of its log.

    """
    database_url, redis_url = environ.get("DATABASE_URL", ""), environ.get("REDIS_URL", "")
    with ExitStack() as stack:
        postgres = None if database_url else stack.enter_context(postgres_server(data_dir))
        redis_ = None if redis_url else stack.enter_context(redis_server(data_dir))
        yield Servers(
            database_url=postgres.url if postgres else database_url,
            redis_url=redis_.url if redis_ else redis_url,
            postgres=postgres,
            redis=redis_,
        )
