"""The gateway's double as something that can freeze, refuse connections and come back with its ledger."""

import signal
import sys
from urllib.parse import urlsplit

import psutil

from audit.experiments.waiting import wait_until
from system.sandbox.processes import GuardedProcess
from system.sandbox.stack import REPOSITORY, RunningStack


class GatewayProcess:
    """The double of a running stack; the one we start again keeps the address and the ledger."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack
        self._port = urlsplit(stack.gateway.root_url).port or 0
        self._again: GuardedProcess | None = None
        self.up = True

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
        if self._again is not None:
            self._again.stop()
            self._again = None

    def start(self) -> None:
        """A double on the same port that reads the ledger back; it answers everything."""
        data = self._stack.logs.parent
        command = [sys.executable, "-m", "system.sandbox.gateway", "--port", str(self._port)]
        command += ["--ledger", str(data / "ledger.jsonl")]
        again = self._again = GuardedProcess("gateway", command, log=self._stack.logs / "gateway.log", cwd=REPOSITORY)
        again.wait_ready(lambda: again.listens_on(self._port))
        self.up = True

    def stop(self) -> None:
        """End the double we started, if we did."""
        if self._again is not None:
            self._again.stop()
            self._again = None

    def _process(self) -> psutil.Process:
        for process in psutil.Process().children(recursive=True):
            try:
                line = process.cmdline()
            except psutil.Error:
                continue
            if "system.sandbox.gateway" in line and str(self._port) in line and "--" not in line:
                return process
        raise psutil.NoSuchProcess(0, "gateway")
