"""What the embedded servers have in common: a port, a data directory, and a life under a guardian."""

import signal
from abc import ABC, abstractmethod
from pathlib import Path

from system.sandbox.processes import GuardedProcess, SandboxError, free_port


class Server(ABC):
    """A server on a port that stays the same over restarts; its data are kept in `directory`."""

    name: str

    def __init__(self, directory: Path, *, durable: bool) -> None:
        self.directory, self.durable = directory, durable
        self.port = free_port()
        self.log = directory / f"{self.name}.log"
        self._process: GuardedProcess | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """The address to give to clients."""

    @abstractmethod
    def _spawn(self) -> GuardedProcess: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    @property
    def process(self) -> GuardedProcess:
        """The running server.

        Raises:
            SandboxError: when it was not started.

        """
        if self._process is None:
            raise SandboxError(f"{self.name} was not started")
        return self._process

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        process = self._process = self._spawn()
        try:
            process.wait_ready(lambda: process.listens_on(self.port) and self._answers())
        except SandboxError:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops the server in order, if it runs."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.signal(signal.SIGKILL)
        self.process.wait(10)
        self.stop()

    def restart(self) -> None:
        """Stops the server if it runs, then starts it again on the same port and data."""
        self.stop()
        self.start()
