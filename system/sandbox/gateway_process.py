"""The double as a process of its own."""

import sys
from pathlib import Path

import system
from system.sandbox.processes import GuardedProcess
from system.sandbox.server import Server


class GatewayProcess(Server):
    """Its ledger is in `data`, and survives it."""

    name = "gateway"

    def __init__(self, data: Path, logs: Path) -> None:
        super().__init__(logs, durable=True)
        self._ledger = data / "ledger.jsonl"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _spawn(self) -> GuardedProcess:
        command = [sys.executable, "-m", "system.sandbox.gateway", "--port", str(self.port)]
        command += ["--ledger", str(self._ledger)]
        # From this repository, whatever tree is being run: the double is the witness, not the accused.
        return GuardedProcess(self.name, command, log=self.log, cwd=Path(system.__file__).resolve().parents[1])

    def _answers(self) -> bool:
        return True
