"""Nothing is left running when the demonstration dies without a chance to clean up."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from system.sandbox.processes import wait_until
from system.sandbox.stack import REPOSITORY
from tests.integration.marked_processes import with_mark

pytestmark = pytest.mark.real


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["KILL", "TERM"])
def test_a_killed_demonstration_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    mark = str(tmp_path)
    ledger = tmp_path / "data" / "ledger.jsonl"
    command = [sys.executable, "-m", "system", "demo", "--contacts", "5000", "--data-dir", str(tmp_path / "data")]
    with (tmp_path / "output").open("wb") as output:
        demo = subprocess.Popen(
            command, cwd=REPOSITORY, env={**os.environ, "ORPHAN_MARK": mark}, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: ledger.exists() and ledger.stat().st_size > 0, seconds=180, what="sending has begun")
        # Both by descent and by mark: PostgreSQL overwrites its environment, and what is re-parented has no descent.
        running = psutil.Process(demo.pid).children(recursive=True)
        names = {process.name() for process in running}
        assert {"postgres", "valkey-server", "celery", "uvicorn"} <= names, names
        demo.send_signal(number)
        demo.wait(60)
        wait_until(lambda: not with_mark(mark), seconds=40, what="no marked process left")
        gone, alive = psutil.wait_procs(running, timeout=40)
        assert alive == []
        assert len(gone) == len(running)
    finally:
        demo.kill()
        demo.wait()
        for process in with_mark(mark):
            process.kill()
