"""A probe that is asked to stop takes what it started with it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

_PROBE = """
import sys
from pathlib import Path
from audit.importing.configuration_probe import collect
from audit.importing.isolation import SOCKET_GUARD, strongest_isolation
from audit.target.target_file import Target
isolation = SOCKET_GUARD if sys.argv[2] == "guard" else strongest_isolation()
collect(Target("small", Path(sys.argv[1]), celery_app="work:app"), 60.0, isolation)
print("still here")
"""


def marked(root: Path) -> list[psutil.Process]:
    """Interpreters that were started for this root, the probe's own caller left out."""
    found = []
    for process in psutil.process_iter():
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if any(str(root) in word and "celery_app" in word for word in line) and "collect" not in " ".join(line):
            found.append(process)
    return found


def until(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        os.sched_yield()
    return True


def read(gate: Path) -> bool:
    """Whether somebody reads this pipe; who does waits for as long as this process lives."""
    try:
        os.open(gate, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    return True


@pytest.mark.parametrize("isolation", ["guard", "strongest"])
def test_a_terminated_probe_leaves_no_process(isolation: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    (tmp_path / "work.py").write_text(f"open({str(gate)!r}).read()\n", encoding="utf-8")
    command = [sys.executable, "-c", _PROBE, str(tmp_path), isolation]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as probe:
        assert until(lambda: read(gate))
        assert marked(tmp_path)
        probe.send_signal(signal.SIGTERM)
        out, _ = probe.communicate(timeout=30)
    assert (probe.returncode, out) == (-signal.SIGTERM, b"")
    assert until(lambda: not marked(tmp_path), 10.0)
