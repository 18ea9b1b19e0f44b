"""supervised.sh run for real behind another user's pipe, with stand-ins for the programs."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from system.sandbox.processes import SandboxError, wait_until
from system.sandbox.stack import REPOSITORY

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root makes a pipe that is another user's"
)
SCRIPT = REPOSITORY / "system" / "deploy" / "supervised.sh"
CONFIGURATION = REPOSITORY / "system" / "deploy" / "supervisord.conf"
PROGRAMS = ("python", "celery", "uvicorn")
PROGRAM = """#!/usr/bin/env bash
echo "$(basename "$0") works"
trap 'echo "$(basename "$0") ends"; kill %1; exit 0' TERM
sleep 600 &
wait
"""
# Without capabilities, the permissions of files hold for root as for anybody.
ORDINARY = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--")


def pipe_of_nobody() -> tuple[int, int]:
    """A pipe that the user `nobody` made: another one may write to what it was given, and may not open it again."""
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        return os.pipe()
    finally:
        os.seteuid(0)


@contextmanager
def started(directory: Path, *command: str) -> Iterator[tuple["subprocess.Popen[bytes]", IO[str]]]:
    for program in PROGRAMS:
        made = directory / program
        made.write_text(PROGRAM)
        made.chmod(0o755)
    environment = os.environ | {"PATH": f"{directory}:{os.environ['PATH']}", "PYTHON": sys.executable}
    reading, writing = pipe_of_nobody()
    process = subprocess.Popen(
        [*ORDINARY, *command, "--pidfile", str(directory / "pid")],
        stdout=writing,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=REPOSITORY,
    )
    os.close(writing)
    with os.fdopen(reading) as output:
        try:
            yield process, output
        finally:
            # In order first, so that the programs end with it.
            process.terminate()
            process.wait(60)


def read_until(output: IO[str], wanted: set[str]) -> str:
    """The output up to where each of the wanted texts was in it, or to its end."""
    text = ""
    for line in output:
        text += line
        if all(one in text for one in wanted):
            break
    return text


def test_everything_starts_behind_another_s_pipe_and_ends_in_order(tmp_path: Path) -> None:
    with started(tmp_path, str(SCRIPT)) as (process, output):
        text = read_until(output, {f"{program} works" for program in PROGRAMS})
        assert "spawnerr" not in text
        assert all(f"{program} works" in text for program in PROGRAMS), text
        process.send_signal(signal.SIGTERM)
        rest = output.read()
        assert all(f"{program} ends" in rest for program in PROGRAMS), rest
        assert process.wait(30) == 0


def test_the_configuration_alone_starts_nothing_there(tmp_path: Path) -> None:
    """Why the script is needed: once this fails, it no longer is."""
    command = (sys.executable, "-m", "supervisor.supervisord", "--configuration", str(CONFIGURATION))
    with started(tmp_path, *command) as (process, output):
        text = read_until(output, {"spawnerr"})
        assert "spawnerr" in text
        assert "celery works" not in text
        with pytest.raises(SandboxError):
            wait_until(lambda: process.poll() is not None, seconds=0.5, what="the end of what runs nothing")
