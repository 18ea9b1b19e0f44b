"""What `up` decides before anything starts: its port, its directory, and what it keeps there."""

import fcntl
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import redis
from typer.testing import CliRunner

from system.cli import app
from system.config import get_settings
from system.sandbox.examples import CATEGORY, PEOPLE, phone, token_secret
from system.sandbox.gateway_process import GatewayProcess
from system.sandbox.processes import SandboxError
from system.sandbox.servers import redis_server
from system.sandbox.stack import RunningStack
from system.sandbox.up import STATE, address, running_up, wait, web_port


def test_the_next_port_is_taken_while_one_is_busy() -> None:
    first = web_port()
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", first))
        busy.listen()
        assert web_port() > first


def test_a_directory_in_use_is_refused_with_who_uses_it(tmp_path: Path) -> None:
    (tmp_path / STATE).write_text(json.dumps({"web": "http://127.0.0.1:8000", "pid": 12}))
    with (tmp_path / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with (
            pytest.raises(SandboxError, match=r"in use by another `up` \(process 12, http://127.0.0.1:8000\)"),
            running_up(tmp_path, print),
        ):
            pytest.fail("it began")
        assert address(tmp_path) == "http://127.0.0.1:8000"
        (tmp_path / STATE).write_text("{")
        with pytest.raises(SandboxError, match="still starting"):
            address(tmp_path)
    # What a dead `up` left says nothing.
    for directory in (tmp_path, tmp_path / "none"):
        with pytest.raises(SandboxError, match="no stack runs in"):
            address(directory)


def test_doctor_looks_at_the_stack_of_up_where_no_other_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str, redis_url: str
) -> None:
    monkeypatch.setattr(os, "environ", {k: v for k, v in os.environ.items() if k != "DATABASE_URL"})
    env = {
        "DATABASE_URL": postgres_url,
        "REDIS_URL": redis_url,
        "WASSENGER_API_KEY": "key",
        "WASSENGER_DEVICE": "0123456789abcdef01234567",
        "WASSENGER_BASE_URL": "http://127.0.0.1:1/v1",
    }
    (tmp_path / STATE).write_text(json.dumps({"web": "http://127.0.0.1:8000", "pid": 12, "env": env}))
    get_settings.cache_clear()
    assert "DATABASE_URL is missing" in CliRunner().invoke(app, ["doctor", "--data-dir", str(tmp_path)]).output
    with (tmp_path / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = CliRunner().invoke(app, ["doctor", "--data-dir", str(tmp_path)]).output
        # Another command, where `up` was started without an option.
        monkeypatch.delitem(os.environ, "DATABASE_URL")
        (tmp_path / ".system-data").symlink_to(tmp_path)
        monkeypatch.chdir(tmp_path)
        listed = CliRunner().invoke(app, ["campaign", "list"])
    get_settings.cache_clear()
    assert f"for the stack of `up` in {tmp_path}" in said
    assert "ok    database: PostgreSQL" in said
    assert "WRONG gateway" in said
    assert (listed.exit_code, listed.stderr) == (0, "for the stack of `up` in .system-data:\n")
    assert listed.stdout.startswith("ID ")


class Ending:
    """A supervisor that runs for as many looks."""

    def __init__(self, looks: int) -> None:
        self._looks = looks

    @property
    def running(self) -> bool:
        self._looks -= 1
        return self._looks >= 0


def test_a_server_and_the_double_that_die_are_started_again_with_their_data(tmp_path: Path) -> None:
    nothing, said = cast("Any", None), list[str]()
    double = GatewayProcess(tmp_path, tmp_path)
    double.start()
    with redis_server(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        client.set("kept", "1")
        own = (server, double)
        for looks, dead in ((1, []), (1, [server]), (1, [double]), (2, [server, double])):
            supervisor = cast("Any", Ending(looks))
            stack = RunningStack(Path(), nothing, nothing, "", {}, Path(), supervisor, nothing, nothing, own)
            for each in dead:
                each.process.signal(signal.SIGKILL)
                each.process.wait(10)
            said.clear()
            with pytest.raises(SandboxError, match="the supervisor ended"):
                wait(stack, said.append)
            assert [word for word in said if "has died" in word] == [
                f"{each.name} has died: starting it again (its log: {each.log})" for each in dead
            ]
            assert (client.get("kept"), httpx.get(f"{double.url}/_sandbox/counts", trust_env=False).status_code) == (
                b"1",
                200,
            )
    double.stop()


def test_the_secret_of_a_directory_stays_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    secret = token_secret(tmp_path)
    assert token_secret(tmp_path) == secret
    assert len(secret) >= 32
    assert [oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == ["0o600"]


def test_the_examples_are_nobody_s_and_show_every_case() -> None:
    numbers = [phone(at) for at in range(len(PEOPLE))]
    assert all(number.startswith("+3363998") and len(number) == 12 for number in numbers)
    assert len(set(numbers)) == len(PEOPLE)
    assert CATEGORY
    # Somebody without a consent, and somebody without a first name.
    assert {"" in person for person in PEOPLE} == {True, False}
