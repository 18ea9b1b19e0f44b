"""A dump under load, restored elsewhere: the campaign goes on, and nobody is written to twice (system/deploy/README.md)."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from system.sandbox.binaries import postgres_bin
from system.sandbox.demo import fictional_phones
from system.sandbox.gateway_protocol import Behaviour
from system.sandbox.processes import GuardedProcess, wait_until
from system.sandbox.servers import embedded_servers
from system.sandbox.stack import RunningStack, run_python, running_stack
from system.sandbox.starters import SUPERVISORD
from system.sandbox.tally import Tally, tally

pytestmark = pytest.mark.real
CONTACTS = 120


@dataclass(frozen=True)
class Lost:
    """A stack whose database is gone but for a dump made while it was sending; the gateway goes on."""

    stack: RunningStack
    phones: list[str]
    dump: Path

    def accepted(self) -> int:
        return self.stack.gateway.counts().accepted


def tool(name: str, *arguments: str) -> None:
    subprocess.run([str(postgres_bin() / name), *arguments], check=True, capture_output=True)


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[Lost]:
    with running_stack(data_dir=tmp_path / "first") as stack:
        stack.gateway.behave(Behaviour(latency_before_ms=200))
        phones = fictional_phones(CONTACTS)
        found = Lost(stack, phones, tmp_path / "campaigns.dump")
        stack.launch_campaign("Salon", "Bonjour", phones)
        wait_until(lambda: found.accepted() >= 20, seconds=60, what="twenty sends accepted")
        tool("pg_dump", "--format=custom", "--no-owner", f"--file={found.dump}", stack.database_url)
        at_dump = found.accepted()
        wait_until(lambda: found.accepted() >= at_dump + 20, seconds=60, what="twenty more after the dump")
        stack.stop()
        assert found.accepted() < CONTACTS, "the load ended before the loss"
        stack.gateway.behave(Behaviour())
        yield found


def gone_on(lost: Lost, directory: Path, *, reconciled: bool) -> Tally:
    """Restores elsewhere as the page says, and waits until the campaign is completed there."""
    directory.mkdir()
    with ExitStack() as parts:
        servers = parts.enter_context(embedded_servers(None, environ={}))
        tool("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={servers.database_url}", str(lost.dump))
        addresses = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        env = {**lost.stack.env, **addresses, "BEAT_SCHEDULE_FILE": str(directory / "beat")}
        root = lost.stack.root
        assert "up to date" in run_python(root, env, directory, "-m", "system", "migrate")
        if reconciled:
            said = run_python(root, env, directory, "-m", "system", "reconcile")
            assert int(said.split("sent since the backup: ")[1].split(";")[0]) >= 20
        command = SUPERVISORD.command(root, directory)
        supervisor = GuardedProcess("restored", command, log=directory / "log", env=env, cwd=root, grace=15)
        parts.callback(supervisor.stop)

        def nothing_waits() -> bool:
            with psycopg.connect(servers.database_url) as connection:
                row = connection.execute("SELECT count(*) FROM messages WHERE gateway_id IS NULL").fetchone()
            return row == (0,)

        supervisor.wait_ready(nothing_waits, seconds=120)
    return tally(lost.phones, lost.stack.gateway.ledger())


def test_the_campaign_goes_on_and_nobody_is_written_to_twice(lost: Lost, tmp_path: Path) -> None:
    found = gone_on(lost, tmp_path / "second", reconciled=True)
    assert found.exactly_once, found


def test_without_asking_the_gateway_people_are_written_to_twice(lost: Lost, tmp_path: Path) -> None:
    found = gone_on(lost, tmp_path / "second", reconciled=False)
    assert len(found.twice) >= 10
    assert not found.missing
