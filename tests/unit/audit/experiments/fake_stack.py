"""A driver whose workers are `sleep` processes, so that scenarios are tried in milliseconds with real kills."""

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Literal

import psutil

from audit.experiments.driver import Accepted, AlertDelay, DriverError


@dataclass
class FakeStack:
    """A stack that works, with switches for each way of not working."""

    root: Path = Path()
    people: tuple[str, ...] = ()
    loses: frozenset[int] = frozenset()
    doubles: frozenset[int] = frozenset()
    unknown: frozenset[int] = frozenset()
    stray: bool = False
    restarts: bool = True
    consumes: bool = True
    beats: bool = True
    beats_again: bool = True
    in_flight: int = 2
    delays: tuple[float, ...] = (60.0, 119.4, 240.0)
    broken: str = ""
    answers: bool = True
    stalls: bool = True
    forgets: frozenset[str] = frozenset()
    records_twice: frozenset[str] = frozenset()
    no_follow_up: frozenset[str] = frozenset()
    two_follow_ups: frozenset[str] = frozenset()
    alerts_given: int = 1
    alert_after: float = 0.3
    shipped_delay: float = 300.0
    started: bool = False
    stopped: bool = False
    _ledger: list[Accepted] = field(default_factory=list)
    _keys: list[str] = field(default_factory=list)
    _holding: bool = False
    _numbers: count = field(default_factory=lambda: count(1))  # type: ignore[type-arg]
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _inbound: count = field(default_factory=lambda: count(1))  # type: ignore[type-arg]
    _waiting: list[str] = field(default_factory=list)
    _recorded: list[str] = field(default_factory=list)
    _alerts: list[str] = field(default_factory=list)
    _stopped_at: float = 0.0
    _stalled: bool = False
    _readings: int = 0
    _restarts: int = 0

    def start(self) -> None:
        self.started = True
        if self.broken:
            raise DriverError(self.broken)

    def stop(self) -> None:
        self.stopped = True
        for process in self._processes.values():
            process.kill()
            process.wait()

    def logged_in(self) -> Sequence[str]:
        return self.people

    def launch(self, contacts: int) -> frozenset[str]:
        numbers = [next(self._numbers) for _ in range(contacts)]
        keys = [f"k{n:03d}" for n in numbers]
        self._keys += keys
        for number, key in zip(numbers, keys, strict=True):
            times = (
                0 if number in self.loses | self.unknown or not self.consumes else 2 if number in self.doubles else 1
            )
            self._ledger += [Accepted(key, f"id-{key}-{n}", 0.0) for n in range(times)]
        if self.stray:
            self._ledger.append(Accepted("stray", "id-stray", 0.0))
        return frozenset(keys)

    def accepted(self) -> Sequence[Accepted]:
        return list(self._ledger)

    def recorded(self) -> Mapping[str, str]:
        status = {f"k{n:03d}": "unknown" for n in self.unknown}
        return {key: status.get(key, "sent") for key in self._keys}

    def hold(self, point: Literal["before", "after"]) -> None:
        self._holding = True

    def held(self) -> int:
        return self.in_flight if self._holding else 0

    def release(self) -> None:
        self._holding = False

    def main_pid(self, role: str) -> int | None:
        process = self._processes.get(role)
        if process is not None and process.poll() is None:
            return process.pid
        if process is not None and not self.restarts:
            return None
        if process is not None:
            process.wait()
            self._restarts += 1
        self._processes[role] = subprocess.Popen(["sleep", "600"])
        return self._processes[role].pid

    def child_pids(self, role: str) -> Sequence[int]:
        # A first main process has none here: nothing would end them with it, as the kernel does for real ones.
        self.main_pid(role)
        pid = self.main_pid(f"child of {role}") if self._restarts else None
        return [pid] if pid else []

    def deliver_again(self, keys: frozenset[str]) -> int:
        return len(keys)

    def interact(self, keys: Sequence[str], *, again: bool = False) -> Sequence[str]:
        if not self.answers:
            return []
        found = [f"i{next(self._inbound)}" for _ in keys]
        for key, identifier in zip(keys, found, strict=True):
            times = 0 if identifier in self.forgets else 2 if identifier in self.records_twice else 1
            self._waiting += [identifier] * times
            follow_up = self.follow_up_key(key)
            if follow_up not in self._keys:
                self._keys.append(follow_up)
                count = 0 if key in self.no_follow_up else 2 if key in self.two_follow_ups else 1
                self._ledger += [Accepted(follow_up, f"id-{follow_up}-{n}", 0.0) for n in range(count)]
        if not self._stalled:
            self._process()
        return found

    def _process(self) -> None:
        self._recorded += self._waiting
        self._waiting.clear()

    @contextmanager
    def stall_processing(self) -> Iterator[None]:
        self._stalled = self.stalls
        yield
        self._stalled = False
        self._process()

    def interactions(self) -> Sequence[str]:
        return self._recorded

    def follow_up_key(self, key: str) -> str:
        return f"{key}/2"

    def alert_delay(self) -> AlertDelay:
        return AlertDelay(0.2, self.shipped_delay)

    def alerts(self) -> Sequence[str]:
        main = self._processes.get("worker")
        if main is not None and self.alerts_given and not self._alerts:
            if psutil.Process(main.pid).status() != psutil.STATUS_STOPPED:
                return []
            self._stopped_at = self._stopped_at or time.monotonic()
            if time.monotonic() - self._stopped_at >= self.alert_after:
                self._alerts += [f"incident {n}" for n in range(self.alerts_given)]
        return self._alerts

    def conditions(self) -> Sequence[str]:
        return ["tout est simulé"]

    def deployment(self) -> str:
        return "supervisord.conf"

    def periodic_runs(self) -> Mapping[str, int]:
        self._readings += self.beats and (self.beats_again or self._readings < 2)
        return {"sweep": self._readings}

    def retry_delays(self) -> Sequence[float]:
        return self.delays


@dataclass
class StackWithAbsence(FakeStack):
    """One whose workers can be made absent, too; `deaf_to_absence` when nobody is told."""

    deaf_to_absence: bool = False

    @contextmanager
    def absent(self, role: str) -> Iterator[None]:
        if not self.deaf_to_absence:
            self._alerts.append(f"{role} absent")
        yield
