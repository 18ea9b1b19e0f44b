"""A stack whose worker is a process that waits, and whose messages meet the fate they are given."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from audit.experiments.canary.canary_stack import CanaryStack
from audit.experiments.canary.execution_ledger import Event, Fate
from audit.experiments.canary.held_messages import CountedMessages
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.target_processes import TargetError, TargetProcess

ANSWERS: dict[str, Any] = {
    "conf": {"task_acks_late": [True, True]},
    "tasks": {},
    "queues": ["_audit_canary"],
    "pool": {"implementation": "celery.concurrency.prefork:TaskPool", "processes": [1, 2]},
    "prefetch_count": 2,
}
STOP: dict[str, Any] = {"signal": "TERM", "group": False, "grace": 0.2, "soft": False, "reaches": True, "why": ""}


class FakeWorker:
    """A process of our own; `deaf` ones do not hear SIGTERM."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.children: list[FakeWorker] = []
        ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " if deaf else ""
        command = [sys.executable, "-c", f"{ignore}print(flush=True); input()"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout
        self.process.stdout.readline()

    @property
    def pid(self) -> int:
        return self.process.pid

    def ending(self) -> str:
        return "" if self.process.poll() is None else f"code {self.process.returncode}"

    def signal(self, number: int) -> None:
        self.process.send_signal(number)
        for child in self.children if number == signal.SIGKILL else ():
            child.signal(number)

    def signal_group(self, number: int) -> None:
        self.signal(number)

    def complaint(self) -> str:
        return "AttributeError"

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


class FakeServer:
    def __init__(self, *, comes_back: bool = True, unacked: int = 0) -> None:
        self.done: list[str] = []
        self.unacked = unacked
        self._comes_back = comes_back

    def kill(self) -> None:
        self.done.append("kill")

    def start(self) -> bool:
        self.done.append("start")
        return self._comes_back

    def erase(self) -> None:
        self.done.append("erase")

    def cut(self) -> bool:
        self.done.append("cut")
        return self._comes_back

    def freeze(self) -> None:
        self.done.append("freeze")

    def thaw(self) -> bool:
        self.done.append("thaw")
        return self._comes_back

    def held(self) -> CountedMessages:
        return CountedMessages(0, self.unacked)


class FakePublisher:
    """Answers what it is given when the worker is asked."""

    kind = "redis"

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def inspect(self, _: str) -> dict[str, Any]:
        return self.answers


class FakeStack(CanaryStack):
    """`fate` is what every message ends as; `again` whether a killed execution begins again; `threads`: no children."""

    def __init__(self, directory: Path, **behaviour: Any) -> None:
        self.behaviour = {
            "fate": Fate.DONE,
            "again": True,
            "threads": False,
            "starting": True,
            "repeats": 1,
            **behaviour,
        }
        self.server = behaviour.get("server") or FakeServer()  # type: ignore[assignment]
        self.pool, self.concurrency, self.boot_seconds = "celery.concurrency.prefork", 2, 0.5
        self.publisher = FakePublisher(behaviour.get("answers", ANSWERS))  # type: ignore[assignment]
        self.stopped_by = {**STOP, **behaviour.get("stop", {})}
        self.node, self.watch_seconds, self.shaken = "node", 0.1, False
        self.through: Any = {}
        self.longest_delay = float(behaviour.get("longest_delay", 0.0))
        self.worker: Any = None
        self.booted: list[FakeWorker] = []
        self.booted_through: list[bool] = []
        self.child: FakeWorker | None = None
        self._directory = directory
        self._settings = {"visibility_timeout": 3600, "acks_late": True, **behaviour.get("settings", {})}

    @property
    def patience_seconds(self) -> float:
        return 0.2

    @property
    def settings(self) -> dict[str, Any]:
        return self._settings

    def boot(self, visibility: int | None = None) -> TargetProcess:
        if len(self.booted) >= self.behaviour.get("boots", 99):
            raise TargetError("il ne démarre plus")
        if self.through and self.behaviour.get("entry_fails"):
            raise TargetError("le script s'arrête")
        self.booted_through.append(bool(self.through))
        worker = FakeWorker(deaf=bool(self.behaviour.get("deaf")) and not self.booted)
        self.booted.append(worker)
        self.worker, self.shaken = worker, False
        return worker  # type: ignore[return-value]

    def gate(self, name: str) -> Path:
        return self._directory / f"gate-{name}"

    def send(
        self, prefix: str, number: int, gate: Path, countdown: float | None = None, task: str = "hold"
    ) -> list[str]:
        return [f"{prefix}-{n}" for n in range(number)]

    def send_chord(self, prefix: str, number: int, gate: Path) -> tuple[list[str], str, str]:
        return self.send(prefix, number, gate), f"{prefix}-fin", str(self.behaviour.get("refused", ""))

    def starts(self, keys: Iterable[str]) -> list[Event]:
        if not self.behaviour["starting"]:
            return []
        if self.child is None:
            self.child = FakeWorker()
            self.worker.children.append(self.child)
        pid = self.worker.pid if self.behaviour["threads"] else self.child.pid
        found = [Event("start", key, pid, time.monotonic()) for key in keys for _ in range(self.behaviour["repeats"])]
        dead = self.child.process.poll() is not None
        return found + [Event("start", e.id, 0, time.monotonic()) for e in found if dead and self.behaviour["again"]]

    def fates(self, keys: Sequence[str]) -> dict[str, Fate]:
        return self.settle(keys, 0.0)

    def settle(
        self, keys: Sequence[str], seconds: float, quiet_seconds: float = 2.0, *, orphaned: bool = False
    ) -> dict[str, Fate]:
        return dict.fromkeys(keys, self.behaviour["fate"])

    def probe(self, prefix: str, seconds: float) -> float | None:
        return self.behaviour.get("probe", 0.2)  # type: ignore[no-any-return]

    def close(self) -> None:
        for process in (*self.booted, self.child):
            if process is not None:
                process.close()


MadeStack = Callable[..., FakeStack]
# The name of a scenario, what it takes besides the stack and the observation, and the behaviour of the stack.
Play = Callable[..., tuple[Observation, FakeStack]]
