"""Background processes of the sandbox: each under its guardian, with a log file and a way to wait until it is ready."""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import psutil

from system.sandbox import guardian

# Below the kernel's ephemeral range, so that no outgoing connection takes the port before its server does.
PORTS = range(15000, 32000)
LOG_TAIL_LINES = 25


class SandboxError(RuntimeError):
    """A part of the sandbox did not start or did not stop; the message says which, and shows the end of its log."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 nobody listens on at this moment.

    Raises:
        SandboxError: when fifty random ports are all taken.

    """
    for port in random.sample(PORTS, 50):
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SandboxError("no free TCP port on 127.0.0.1")


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str, interval: float = 0.05) -> None:
    """Polls until the condition holds.

    Raises:
        SandboxError: naming `what` when `seconds` have passed.

    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SandboxError(f"{what}: not within {seconds:g} s")
        time.sleep(interval)


def log_tail(path: Path, lines: int = LOG_TAIL_LINES) -> str:
    """The last lines of a log, or a note that it is empty."""
    text = path.read_text(errors="replace") if path.exists() else ""
    return "\n".join(text.splitlines()[-lines:]) or "(its log is empty)"


class GuardedProcess:
    """One command under a guardian: it ends when `stop` is called, when this process dies, or by itself."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
        stop_signal: str = "TERM",
        grace: float = 10.0,
    ) -> None:
        self.name, self.log, self.grace = name, log, grace
        # Kept open for as long as we live: its end of file is how the guardian learns of our death.
        lifeline, self._held = os.pipe()
        options = ["--lifeline", str(lifeline), "--stop-signal", stop_signal, "--grace", str(grace)]
        if user:
            options += ["--user", user]
        try:
            with log.open("ab") as output:
                self._guardian = subprocess.Popen(
                    [sys.executable, "-I", guardian.__file__, *options, "--", *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=cwd,
                    env=dict(env) if env is not None else None,
                    pass_fds=[lifeline],
                    start_new_session=True,
                )
        except OSError:
            os.close(self._held)
            raise
        finally:
            os.close(lifeline)

    @property
    def running(self) -> bool:
        return self._guardian.poll() is None

    def pid(self) -> int:
        """Pid of the command itself, not of its guardian.

        Raises:
            SandboxError: when it is not running.

        """
        try:
            children = psutil.Process(self._guardian.pid).children()
        except psutil.NoSuchProcess:
            children = []
        if not children:
            raise SandboxError(f"{self.name} is not running:\n{log_tail(self.log)}")
        return int(min(children, key=psutil.Process.create_time).pid)

    def wait_ready(self, ready: Callable[[], bool], *, seconds: float = 30.0) -> None:
        """Waits until `ready()` holds.

        Raises:
            SandboxError: with the end of the log, when the process ends first or the deadline passes.

        """
        try:
            wait_until(lambda: not self.running or ready(), seconds=seconds, what=f"{self.name} ready")
        except SandboxError as error:
            raise SandboxError(f"{error}\n{log_tail(self.log)}") from error
        if not self.running:
            raise SandboxError(f"{self.name} ended with code {self._guardian.returncode}:\n{log_tail(self.log)}")

    def listens_on(self, port: int) -> bool:
        """Whether the command itself holds this TCP port: somebody else's server may answer there."""
        try:
            sockets = psutil.Process(self.pid()).net_connections("tcp")
        except (SandboxError, psutil.Error):
            return False
        return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in sockets)

    def signal(self, number: int) -> None:
        """Sends a signal to the command itself."""
        os.kill(self.pid(), number)

    def wait(self, seconds: float) -> int:
        """Waits for the end of the command and all it started; returns its exit code.

        Raises:
            SandboxError: when it still runs after `seconds`.

        """
        try:
            return self._guardian.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise SandboxError(f"{self.name} still runs after {seconds:g} s\n{log_tail(self.log)}") from error

    def stop(self) -> None:
        """Ends the command and its descendants; harmless when they are gone already."""
        self._guardian.terminate()
        self.wait(self.grace + 10)
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()
