"""The gateway's double: what it accepted and how it answers; it can freeze, die and come back with its ledger."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import psutil

from audit.experiments.waiting import wait_until
from checks.stack import Stack
from system.sandbox.gateway_protocol import Behaviour, LedgerEntry
from system.sandbox.processes import GuardedProcess
from system.sandbox.stack import REPOSITORY


@dataclass
class Gateway:
    """The double of a running stack; the one we start again keeps the address and the ledger."""

    stack: Stack
    up: bool = True
    _again: GuardedProcess | None = field(default=None, init=False)

    def behave(self, behaviour: Behaviour) -> None:
        """Replace the whole behaviour of the double."""
        self.stack.running.gateway.behave(behaviour)

    def hold(self, point: Literal["before", "after"]) -> None:
        """The double keeps requests unanswered."""
        self.behave(Behaviour(hold=point))

    def held(self) -> int:
        """Requests held by the double."""
        return self.stack.running.gateway.counts().held

    def release(self) -> None:
        """Held requests go on, new ones are answered at once; a double that is down holds none."""
        if self.up:
            self.stack.running.gateway.release()

    @contextmanager
    def slow_gateway(self, seconds: float) -> Iterator[None]:
        """The double waits before it accepts."""
        self.behave(Behaviour(latency_before_ms=seconds * 1000))
        try:
            yield
        finally:
            self.behave(Behaviour())

    def ledger(self, since: int) -> list[LedgerEntry]:
        """What was accepted after entry number `since`; nothing while the double is down."""
        return self.stack.running.gateway.ledger(since=since) if self.up else []

    def alerts(self) -> Sequence[str]:
        """Alerts about workers that reached the double's sink and were answered with success."""
        received = self.stack.running.gateway.alerts()
        return [str(a.body["incident"]) for a in received if a.body["component"] == "worker" and a.answered < 300]

    def freeze(self) -> None:
        """Connections and requests reach the kernel, and nobody reads them."""
        self.up = False
        self._process().send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """What the double has not read is lost, and connections are refused."""
        self.up = False
        process = self._process()
        process.kill()
        wait_until(lambda: not psutil.pid_exists(process.pid), 10)
        self.stop()

    def start(self) -> None:
        """A double on the same port that reads the ledger back; it answers everything."""
        logs, port = self.stack.running.logs, self._port
        command = [sys.executable, "-m", "system.sandbox.gateway", "--port", str(port)]
        command += ["--ledger", str(logs.parent / "ledger.jsonl")]
        again = self._again = GuardedProcess("gateway", command, log=logs / "gateway.log", cwd=REPOSITORY)
        again.wait_ready(lambda: again.listens_on(port))
        self.up = True

    def stop(self) -> None:
        """End the double we started, if we did."""
        if self._again is not None:
            self._again.stop()
            self._again = None

    @property
    def _port(self) -> int:
        return urlsplit(self.stack.running.gateway.root_url).port or 0

    def _process(self) -> psutil.Process:
        for process in psutil.Process().children(recursive=True):
            try:
                line = process.cmdline()
            except psutil.Error:
                continue
            if "system.sandbox.gateway" in line and str(self._port) in line and "--" not in line:
                return process
        raise psutil.NoSuchProcess(0, "gateway")
