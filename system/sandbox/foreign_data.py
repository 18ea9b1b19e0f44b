"""Keeps the sandbox away from somebody's real campaigns: its double would swallow their messages."""

import psycopg
import redis

from system.sandbox.processes import SandboxError
from system.sandbox.servers import Servers


def refuse_foreign_data(servers: Servers) -> None:
    """Checks that servers we did not start ourselves are empty.

    Raises:
        SandboxError: when DATABASE_URL holds campaigns, REDIS_URL holds keys, or one cannot be reached.

    """
    if servers.postgres is None and _campaigns(servers.database_url):
        raise SandboxError("DATABASE_URL names a database that holds campaigns: name an empty one, or unset it")
    if servers.redis is None and _keys(servers.redis_url):
        raise SandboxError("REDIS_URL names a database that is in use: name an empty one, or unset it")


def _campaigns(database_url: str) -> bool:
    try:
        with psycopg.connect(database_url, connect_timeout=5) as connection:
            table = connection.execute("SELECT to_regclass('campaigns')").fetchone()
            if table is None or table[0] is None:
                return False
            return connection.execute("SELECT 1 FROM campaigns LIMIT 1").fetchone() is not None
    except psycopg.Error as error:
        raise SandboxError(f"DATABASE_URL: {error}".strip()) from error


def _keys(redis_url: str) -> bool:
    try:
        with redis.Redis.from_url(redis_url, socket_connect_timeout=5) as client:
            return int(client.dbsize()) > 0
    except (redis.RedisError, ValueError) as error:
        raise SandboxError(f"REDIS_URL: {error}") from error
