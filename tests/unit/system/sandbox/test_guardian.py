"""The guardian is only worth something if nothing survives: every test ends by looking for survivors."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from system.sandbox import guardian
from system.sandbox.processes import GuardedProcess, SandboxError, wait_until

# A child that ignores TERM, whose own child double-forks into another session and ignores TERM too.
STUBBORN_FAMILY = textwrap.dedent("""
    import os, signal, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            open(sys.argv[1], "w").write(str(os.getpid()))
            time.sleep(600)
        os._exit(0)
    time.sleep(600)
""")
OWNER = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from system.sandbox.processes import GuardedProcess
    process = GuardedProcess("family", sys.argv[2:], log=Path(sys.argv[1]), grace=0.3)
    time.sleep(600)
""")


def processes_with(mark: str) -> list[int]:
    """Live processes that carry the mark in their command line."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE and mark in " ".join(process.info["cmdline"] or [])
    ]


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[str]:
    """A path given to every process of a test, by which survivors are found (and then ended)."""
    yield str(tmp_path)
    survivors = processes_with(str(tmp_path))
    for pid in survivors:
        os.kill(pid, signal.SIGKILL)
    assert survivors == []


def family(mark: str) -> list[str]:
    return [sys.executable, "-c", STUBBORN_FAMILY, f"{mark}/orphan"]


def wait_for_orphan(mark: str) -> None:
    path = Path(mark) / "orphan"
    wait_until(lambda: path.exists() and path.read_text() != "", seconds=10, what="the orphan's pid")


def test_a_killed_owner_takes_everything_with_it(mark: str) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, f"{mark}/log", *family(mark)])
    wait_for_orphan(mark)
    assert len(processes_with(mark)) == 4  # owner, guardian, child, orphan
    owner.kill()
    owner.wait()
    wait_until(lambda: processes_with(mark) == [], seconds=10, what="no survivor")


def test_the_owner_is_watched_without_a_lifeline_too(mark: str) -> None:
    script = f"import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); time.sleep(600) # {mark}"
    options = [sys.executable, guardian.__file__, "--grace", "0.3", "--"]
    owner = subprocess.Popen([sys.executable, "-c", script, *options, *family(mark)])
    wait_for_orphan(mark)
    owner.kill()
    owner.wait()
    wait_until(lambda: processes_with(mark) == [], seconds=10, what="no survivor")


def test_stop_ends_a_family_that_ignores_it(mark: str) -> None:
    process = GuardedProcess("family", family(mark), log=Path(mark) / "log", grace=0.3)
    wait_for_orphan(mark)
    process.stop()
    assert processes_with(mark) == []
    process.stop()  # harmless


def test_leftovers_end_when_the_command_ends_by_itself(mark: str) -> None:
    process = GuardedProcess("family", family(mark), log=Path(mark) / "log")
    wait_for_orphan(mark)
    process.signal(signal.SIGKILL)
    assert process.wait(10) == 128 + signal.SIGKILL
    assert processes_with(mark) == []
    process.stop()


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -SEGV $$", 139)])
def test_the_exit_code_is_the_command_s(tmp_path: Path, script: str, code: int) -> None:
    with GuardedProcess("sh", ["sh", "-c", script], log=tmp_path / "log") as process:
        assert process.wait(10) == code
        assert not process.running
        with pytest.raises(SandboxError, match="sh is not running"):
            process.pid()


def test_the_stop_signal_is_the_one_asked_for(tmp_path: Path) -> None:
    script = "trap 'echo interrupted; exit 0' INT; echo ready; while true; do sleep 0.05; done"
    process = GuardedProcess("sh", ["bash", "-c", script], log=tmp_path / "log", stop_signal="INT")
    process.wait_ready(lambda: "ready" in (tmp_path / "log").read_text())
    process.stop()
    assert "interrupted" in (tmp_path / "log").read_text()


def test_an_unknown_command_is_one_line(tmp_path: Path) -> None:
    with GuardedProcess("ghost", ["/nowhere/ghost"], log=tmp_path / "log") as process:
        assert process.wait(10) == 127
    assert (tmp_path / "log").read_text().startswith("guardian: cannot start /nowhere/ghost")


def test_what_ends_before_it_is_ready_shows_its_log(tmp_path: Path) -> None:
    with (
        GuardedProcess("sh", ["sh", "-c", "echo because; exit 3"], log=tmp_path / "log") as process,
        pytest.raises(SandboxError, match=r"sh ended with code 3:\nbecause"),
    ):
        process.wait_ready(lambda: False)


def test_what_is_never_ready_shows_its_log(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo stuck; sleep 600"]
    with GuardedProcess("sh", command, log=tmp_path / "log") as process:
        wait_until(lambda: "stuck" in (tmp_path / "log").read_text(), seconds=60, what="something in the log")
        with pytest.raises(SandboxError, match=r"(?s)sh ready: not within 0.5 s.*stuck"):
            process.wait_ready(lambda: False, seconds=0.5)
    with (
        GuardedProcess("sh", command, log=tmp_path / "log") as process,
        pytest.raises(SandboxError, match=r"sh still runs after 0.1 s"),
    ):
        process.wait(0.1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_still_reaches_a_private_directory(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    (private / "file").write_text("reached")
    script = f"id -un; cat {private}/file"
    with GuardedProcess("sh", ["sh", "-c", script], log=tmp_path / "log", user="nobody") as process:
        assert process.wait(10) == 0
    assert (tmp_path / "log").read_text() == "nobody\nreached"
