"""`start.sh` run for real, with stand-ins for its programs: what is tested is the script."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from system.sandbox.processes import GuardedProcess, SandboxError, wait_until
from system.sandbox.stack import REPOSITORY

SCRIPT = REPOSITORY / "system" / "deploy" / "start.sh"
QUEUES = "default,messages,messages_high,retry,verification"
NAMES = ("web", "worker", "beat", "watchdog")
PROGRAM = """#!/usr/bin/env bash
echo "$(basename "$0") $*" >> "$CALLS"
[ "$3" = migrate ] && exit "${MIGRATE_CODE:-0}"
trap 'echo "TERM $(basename "$0") $*" >> "$CALLS"; kill %1; exit 0' TERM
sleep 600 &
wait
"""


class Container:
    """The script's process tree, as a platform would start it."""

    def __init__(self, directory: Path, **env: str) -> None:
        self.calls = directory / "calls"
        self.calls.touch()
        bin_dir = directory / "bin"
        bin_dir.mkdir()
        for name in ("python", "celery", "uvicorn"):
            (bin_dir / name).write_text(PROGRAM)
            (bin_dir / name).chmod(0o755)
        environment = {"PATH": f"{bin_dir}:{os.environ['PATH']}", "CALLS": str(self.calls), **env}
        self.process = GuardedProcess("start.sh", [str(SCRIPT)], log=directory / "log", env=environment, cwd=directory)

    def lines(self) -> list[str]:
        return self.calls.read_text().splitlines()

    def announced(self, name: str) -> list[int]:
        """Pids the script has announced for a program, in order."""
        return [
            int(pid) for pid in re.findall(rf"start.sh: {name} runs as process (\d+)", self.process.log.read_text())
        ]


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    running = Container(tmp_path, BEAT_SCHEDULE_FILE="/tmp/here/beat", PORT="9123")
    wait_until(lambda: all(running.announced(name) for name in NAMES), seconds=10, what="every program announced")
    wait_until(lambda: len(running.lines()) == 5, seconds=10, what="every program started")
    yield running
    running.process.stop()


def test_it_migrates_first_then_starts_every_program(container: Container) -> None:
    assert container.lines()[0] == "python -m system migrate"
    assert set(container.lines()[1:]) == {
        "uvicorn --factory system.main:create_app --host 0.0.0.0 --port 9123",
        f"celery -A system.tasks.celery_app worker --loglevel=INFO --without-mingle --without-gossip --concurrency=4 -Q {QUEUES}",
        "celery -A system.tasks.celery_app beat --loglevel=INFO --schedule=/tmp/here/beat",
        "python -m system watchdog",
    }


@pytest.mark.parametrize("name", NAMES)
def test_what_dies_is_started_again(container: Container, name: str) -> None:
    others = {other: container.announced(other) for other in NAMES if other != name}
    (before,) = container.announced(name)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: len(container.announced(name)) == 2, seconds=10, what=f"{name} back")
    wait_until(lambda: len(container.lines()) == 6, seconds=10, what="started once more")
    assert {other: container.announced(other) for other in others} == others


def test_a_term_reaches_each_program_itself_and_is_waited_for(container: Container) -> None:
    tree = psutil.Process(container.process.pid()).children(recursive=True)
    container.process.signal(signal.SIGTERM)
    assert container.process.wait(10) == 0
    ended = [line for line in container.lines() if line.startswith("TERM")]
    assert sorted(line.split()[1] for line in ended) == ["celery", "celery", "python", "uvicorn"]
    assert not any(process.is_running() for process in tree)


def test_the_container_ends_when_a_restart_loop_is_gone(container: Container) -> None:
    (worker,) = container.announced("worker")
    loop = psutil.Process(worker).parent()
    assert loop is not None
    assert loop.pid != container.process.pid()
    loop.kill()
    assert container.process.wait(10) == 1


def test_a_failed_migration_starts_nothing(tmp_path: Path) -> None:
    failing = Container(tmp_path, MIGRATE_CODE="2")
    try:
        assert failing.process.wait(10) == 2
        assert failing.lines() == ["python -m system migrate"]
        with pytest.raises(SandboxError):
            failing.process.pid()
    finally:
        failing.process.stop()
