"""A process that answers as a container of docker-py does, so that pytest-celery's nodes need no Docker."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class ProcessNode:
    """One command, started, killed and started again; its log goes on over its restarts, as a container's does."""

    def __init__(self, name: str, command: Sequence[str], environ: Mapping[str, str], cwd: Path, log: Path) -> None:
        self.name = self.id = name
        self.attrs: dict[str, Any] = {
            "NetworkSettings": {"Networks": {}, "Ports": {}},
            "HostConfig": {"PortBindings": {}},
        }
        self._command, self._environ, self._cwd, self._log = list(command), dict(environ), cwd, log
        self._process: subprocess.Popen[bytes] | None = None
        self._boot_offset = 0

    def start(self) -> None:
        """Start the command in a process group of its own; it dies with us."""
        self._boot_offset = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environ,
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509  one thread forks
            )

    @property
    def status(self) -> str:
        """`running` or `exited`, as docker-py says."""
        return "running" if self._process is not None and self._process.poll() is None else "exited"

    def reload(self) -> None:
        """Nothing to fetch: `status` asks the process itself."""

    def logs(self) -> bytes:
        """Everything written since the first start."""
        return self._log.read_bytes() if self._log.exists() else b""

    def boot_log(self) -> str:
        """What was written since the last start."""
        return self.logs()[self._boot_offset :].decode("utf-8", "replace")

    def kill(self, signal: str | int | None = None) -> None:
        """SIGKILL ends the whole group, as it ends a container whole; any other signal goes to the main process."""
        number = _signal(signal)
        if self._process is None or self.status != "running":
            return
        if number == _signal(None):
            os.killpg(self._process.pid, number)
            self._process.wait()
        else:
            self._process.send_signal(number)

    def stop(self, timeout: float = 10.0) -> None:
        """SIGTERM, then SIGKILL to the group."""
        if self._process is None:
            return
        self.kill("SIGTERM")
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def restart(self, timeout: float = 10.0) -> None:
        """End what runs, and start again."""
        self.stop(timeout)
        self.start()

    def exec_run(self, command: str | Sequence[str], **_: object) -> tuple[int, bytes]:
        """Run a command where the node runs; its code and its output."""
        words = ["sh", "-c", command] if isinstance(command, str) else list(command)
        done = subprocess.run(words, env=self._environ, cwd=self._cwd, capture_output=True, check=False, timeout=30)
        return done.returncode, done.stdout + done.stderr


def _signal(wanted: str | int | None) -> signal.Signals:
    if wanted is None:
        return signal.SIGKILL
    return signal.Signals(wanted) if isinstance(wanted, int) else signal.Signals[wanted]
