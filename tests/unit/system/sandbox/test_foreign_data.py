import psycopg
import pytest
import redis

from system.sandbox.foreign_data import refuse_foreign_data
from system.sandbox.processes import SandboxError
from system.sandbox.servers import Servers


def named(database_url: str, redis_url: str) -> Servers:
    return Servers(database_url=database_url, redis_url=redis_url)


def test_empty_servers_of_somebody_else_are_fine(empty_postgres_url: str, redis_url: str) -> None:
    refuse_foreign_data(named(empty_postgres_url, redis_url))
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute("CREATE TABLE campaigns (id int)")
    refuse_foreign_data(named(empty_postgres_url, redis_url))


def test_a_database_with_campaigns_is_refused(empty_postgres_url: str, redis_url: str) -> None:
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute("CREATE TABLE campaigns AS SELECT 1 AS id")
    with pytest.raises(SandboxError, match="DATABASE_URL names a database that holds campaigns"):
        refuse_foreign_data(named(empty_postgres_url, redis_url))


def test_a_redis_in_use_is_refused(empty_postgres_url: str, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("somebody", "here")
    with pytest.raises(SandboxError, match="REDIS_URL names a database that is in use"):
        refuse_foreign_data(named(empty_postgres_url, redis_url))


def test_our_own_servers_may_hold_an_earlier_run(servers: Servers, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("earlier", "run")
    refuse_foreign_data(servers)


def test_a_server_that_does_not_answer_is_named(empty_postgres_url: str, redis_url: str) -> None:
    with pytest.raises(SandboxError, match="DATABASE_URL: connection failed"):
        refuse_foreign_data(named("postgresql://nobody@127.0.0.1:1/none", redis_url))
    with pytest.raises(SandboxError, match="REDIS_URL: "):
        refuse_foreign_data(named(empty_postgres_url, "redis://127.0.0.1:1/0"))
