"""A fault driver over `sleep` processes, with a switch for each way of losing, doubling, or not being struck."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psutil

from audit.experiments.driver import Accepted, DriverError
from audit.experiments.laboratory.fault_driver import Stake
from audit.experiments.waiting import wait_until
from tests.unit.audit.experiments.fake_stack import FakeStack

# It dies with the main process, as a pool's child does.
_CHILD = "setpriv --pdeathsig KILL sleep 600"


@dataclass
class FakeLaboratory(FakeStack):
    """Sends launched while the gateway holds are accepted when it lets go, which is how sending resumes here.

    The sets name the points and disturbances at which the first send is lost, sent twice, or something wrong happens.
    """

    unreachable: frozenset[str] = frozenset()
    loses_at: frozenset[str] = frozenset()
    doubles_at: frozenset[str] = frozenset()
    wrong_at: frozenset[str] = frozenset()
    resumes: bool = True
    settles: bool = True
    # Where sending does not resume: one send a hastening is accepted, and the others are open meanwhile, or have no row yet.
    slowly: Literal["", "open", "unwritten"] = ""
    answered: frozenset[str] = frozenset()
    second_worker: bool = True
    hastened: int = 0
    _workers: list[str] = field(default_factory=lambda: ["worker"])
    _open: list[tuple[str, int]] = field(default_factory=list)
    _now_at: str = ""
    # Main processes whose children have both started; nobody replaces those that die.
    _complete: set[int] = field(default_factory=set)

    def add_worker(self) -> str:
        if not self.second_worker:
            raise DriverError("le second worker ne démarre pas")
        self._workers.append(f"worker-{len(self._workers) + 1}")
        return self._workers[-1]

    def witnesses(self) -> Sequence[Path]:
        return (Path(__file__),)

    def workers(self) -> Sequence[str]:
        return self._workers

    def main_pid(self, role: str) -> int | None:
        process = self._processes.get(role)
        if process is not None and process.poll() is not None and not self.restarts:
            return None
        if process is None or process.poll() is not None:
            process = self._processes[role] = subprocess.Popen(["sh", "-c", f"{_CHILD} & {_CHILD} & wait"])
        return process.pid

    def child_pids(self, role: str) -> Sequence[int]:
        main = psutil.Process(self.main_pid(role))
        if main.pid not in self._complete:
            wait_until(lambda: [c.name() for c in main.children()] == ["sleep", "sleep"], 5, 0.01)
            self._complete.add(main.pid)
        return [child.pid for child in main.children()]

    def launch(self, contacts: int) -> frozenset[str]:
        keys = [f"k{next(self._numbers):03d}" for _ in range(contacts)]
        self._keys += keys
        first = 0 if self._now_at in self.loses_at else 2 if self._now_at in self.doubles_at else 1
        self._open += [(key, 1 if n else first) for n, key in enumerate(keys)]
        if not self._holding and self.resumes:
            self._accept()
        return frozenset(keys)

    def _accept(self) -> None:
        now = time.time()
        self._ledger += [Accepted(key, f"id-{key}-{n}", now) for key, times in self._open for n in range(times)]
        self._open.clear()

    def hold(self, point: Literal["before", "after"]) -> None:
        super().hold(point)

    def held(self) -> int:
        return self.in_flight if self._open else 0

    def release(self) -> None:
        super().release()
        if self.resumes:
            self._accept()

    @contextmanager
    def _putting_at_stake(self, name: str) -> Iterator[Stake]:
        if name in self.unreachable:
            raise DriverError("hors d'atteinte")
        self._holding, self._now_at = True, name
        stake = Stake(self.launch(3), tuple(self.child_pids("worker")))
        try:
            yield stake
        finally:
            self._now_at = ""
        if name in self.wrong_at:
            stake.wrong.append("FIRE1 : faux")

    @contextmanager
    def reach(self, point: str, contacts: int) -> Iterator[Stake]:
        with self._putting_at_stake(point) as stake:
            yield stake

    @contextmanager
    def disturb(self, name: str) -> Iterator[Stake]:
        with self._putting_at_stake(name) as stake:
            yield stake

    def expected(self) -> frozenset[str]:
        return frozenset(self._keys)

    def sending(self) -> frozenset[str]:
        return frozenset(key for key, _ in self._open[: self.in_flight])

    def unsettled(self) -> frozenset[str]:
        waiting = {key for key, _ in self._open} if self.slowly == "open" else set()
        return frozenset(waiting if self.settles else waiting | {"k001"})

    def hasten(self) -> None:
        self.hastened += 1
        if self.slowly and self._open:
            key, _ = self._open.pop()
            self._ledger.append(Accepted(key, f"id-{key}", time.time()))

    def delivered(self) -> frozenset[str]:
        return self.answered

    def acknowledged(self) -> frozenset[str]:
        return self.answered

    def interactions(self) -> Sequence[str]:
        return [*super().interactions(), *self.answered]
