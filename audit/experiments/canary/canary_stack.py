"""What a scenario can do: start the target's worker, send canary messages, strike, and read what became of them."""

import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from audit.experiments.canary.entry_process import EntryProcess
from audit.experiments.canary.execution_ledger import Event, Fate, fate, read_events
from audit.experiments.canary.private_broker import Broker
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.target_processes import Launch, Publisher, TargetProcess
from audit.experiments.process_faults import gone
from audit.experiments.waiting import wait_until

HOLD_SECONDS = 40.0
_BOOT_SECONDS = 25.0
_LOST_QUIET_SECONDS = 4.0
_FINAL = frozenset({Fate.DONE, Fate.TWICE, Fate.LOST})
_RETAINED = frozenset({Fate.HELD, Fate.DUE})
LONGEST_VISIBILITY_SECONDS = 12


class CanaryStack:
    """The enclosure's private broker, publisher and workers. `worker` is the one that consumes now (None before the first `boot`), `boot_seconds` what
    its start took on this machine; `stopped_by` how the shipped files stop it (`stop_scenario.py`),
    `watch_seconds` how long a message that kills is watched; `shaken` says that the broker failed under this worker,
    `longest_delay` in seconds how long the target delays a message, as it was read; `through` the shipped entry through which
    workers are started while it is set (`entry_process.py`).
    """

    def __init__(
        self, launch: Launch, server: Broker, options: Sequence[str], publisher: Publisher, stop: Mapping[str, Any]
    ) -> None:
        self.server = server
        self.stopped_by = stop
        self.worker: TargetProcess | None = None
        self.node = ""
        self.pool = ""
        self.concurrency = 1
        self.boot_seconds = 0.0
        self.watch_seconds = 10.0
        self.longest_delay = 0.0
        self.through: Mapping[str, Any] = {}
        self.shaken = False
        self._launch = launch
        self._options = options
        self._numbers = count(1)
        self.publisher = publisher

    @property
    def settings(self) -> dict[str, Any]:
        """Effective delivery settings of the target, as its own interpreter says them."""
        return self.publisher.settings

    @property
    def patience_seconds(self) -> float:
        """How long tasks may take to begin: as this machine starts a worker."""
        return max(10.0, 3 * self.boot_seconds)

    def boot(self, visibility: int | None = None) -> TargetProcess:
        """Start the target's worker and wait until it consumes; with this `visibility_timeout` where one is given. Raises TargetError."""
        began = time.monotonic()
        name = f"worker-{next(self._numbers)}"
        self.node = f"audit-canary-{name}@localhost"
        more: dict[str, Any] = {"node": self.node, "options": list(self._options), "visibility": visibility}
        if self.through:
            worker: TargetProcess = EntryProcess(self._launch, name, self.through, **more)
        else:
            worker = TargetProcess(self._launch, "worker", name, **more)
        record = worker.ready(_BOOT_SECONDS)
        self.boot_seconds = time.monotonic() - began
        self.worker, self.pool, self.shaken = worker, str(record["pool"]), False
        self.concurrency = record["limit"] if isinstance(record["limit"], int) else 1
        return worker

    def steady(self) -> TargetProcess:
        """A worker that runs, and under which no broker failed yet. Raises TargetError.

        One that lost its connection takes fewer messages for a while (`worker_enable_prefetch_count_reduction`), and may die
        of its second loss, which is no part of what one fault shows.
        """
        if self.worker is not None and self.shaken:
            self.stop(self.worker, 0.0)
        return self.boot() if self.worker is None or self.worker.ending() else self.worker

    def gate(self, name: str) -> Path:
        """A gate, closed: messages sent with it are in flight until it is opened."""
        return self._launch.directory / f"gate-{name}"

    def send(
        self, prefix: str, number: int, gate: Path, countdown: float | None = None, task: str = "hold"
    ) -> list[str]:
        """Publish this many messages; their ids. Raises TargetError."""
        keys = [f"canari-{prefix}-{n}" for n in range(1, number + 1)]
        self.publisher.send(keys, gate, HOLD_SECONDS, countdown, task)
        return keys

    def send_chord(self, prefix: str, number: int, gate: Path) -> tuple[list[str], str, str]:
        """Publish a chord: the ids of its header's tasks, that of its last task, and what refused it. Raises TargetError."""
        keys, last = [f"canari-{prefix}-{n}" for n in range(1, number + 1)], f"canari-{prefix}-fin"
        return keys, last, self.publisher.send_chord(keys, last, gate, HOLD_SECONDS)

    def starts(self, keys: Iterable[str]) -> list[Event]:
        """Executions of these messages that began, in order."""
        wanted = set(keys)
        return [e for e in read_events(self._launch.ledger) if e.event == "start" and e.id in wanted]

    def fates(self, keys: Sequence[str]) -> dict[str, Fate]:
        """What became of each message, now."""
        # The broker first: a message that moves on meanwhile is then seen running, not lost.
        held = self.server.held()
        events = read_events(self._launch.ledger)
        return {key: fate(key, events, held, lambda pid: not gone(pid)) for key in keys}

    def settle(
        self, keys: Sequence[str], seconds: float, quiet_seconds: float = 2.0, *, orphaned: bool = False
    ) -> dict[str, Fate]:
        """Wait until every fate is final and has not changed for a while; what they are then, or when the time is out.

        `orphaned`: the worker that held some is dead, and Redis gives them back only after `visibility_timeout`.
        """
        deadline = time.monotonic() + seconds
        last, since = self.fates(keys), time.monotonic()
        kept = orphaned and (self.settings.get("visibility_timeout") or 0) > LONGEST_VISIBILITY_SECONDS
        while time.monotonic() < deadline:
            found, quiet = set(last.values()), time.monotonic() - since
            # Acknowledged, and not yet begun by a child that a busy machine starts slowly: for seconds, nobody has it. What the
            # broker retains of a dead worker moves no more before `visibility_timeout`, and is waited for no longer.
            needed = max(quiet_seconds, _LOST_QUIET_SECONDS) if Fate.LOST in found else quiet_seconds
            if found <= (_FINAL | _RETAINED if kept else _FINAL) and quiet >= needed:
                break
            time.sleep(0.1)
            now = self.fates(keys)
            if now != last:
                last, since = now, time.monotonic()
        return last

    def probe(self, prefix: str, seconds: float) -> float | None:
        """Send one message that nothing holds; seconds until it was executed, None when it was not in time."""
        gate = self.gate(f"{prefix}-probe")
        gate.touch()
        asked = time.monotonic()
        keys = self.send(f"{prefix}-probe", 1, gate)
        if not wait_until(lambda: self.starts(keys) or self._is_gone(), seconds) or self._is_gone():
            return None
        return round(time.monotonic() - asked, 2)

    def _is_gone(self) -> bool:
        return self.worker is None or bool(self.worker.ending())

    def stop(self, worker: TargetProcess, seconds: float = 10.0) -> None:
        """End a worker: SIGTERM, then SIGKILL."""
        worker.signal(signal.SIGTERM)
        if not wait_until(worker.ending, seconds):
            worker.signal(signal.SIGKILL)
            worker.process.wait()


def tally(observed: Observation, fates: dict[str, Fate]) -> None:
    """Enter the fates into the observation."""

    def those(*wanted: Fate) -> tuple[str, ...]:
        return tuple(sorted(key for key, found in fates.items() if found in wanted))

    observed.sent = len(fates)
    observed.executed = len(those(Fate.DONE, Fate.TWICE, Fate.DUE))
    observed.lost, observed.twice = those(Fate.LOST), those(Fate.TWICE)
    observed.waiting, observed.due = those(Fate.HELD), those(Fate.DUE)
    observed.unsettled = those(Fate.RUNNING, Fate.QUEUED, Fate.UNKNOWN)
