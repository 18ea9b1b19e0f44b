"""Executions, read in the log of the worker's node."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from audit.experiments.canary.execution_ledger import Event

_MARK = "audit-canary "


@dataclass
class WorkerLog:
    """What the tasks told so far. An execution is known by its number, since containers give the same pid twice.

    `dead` are executions that a fault cut: their process lives no more.
    """

    read: Callable[[], str]
    dead: set[int] = field(default_factory=set)
    told: dict[tuple[str, str, int], dict[str, Any]] = field(default_factory=dict)

    def refresh(self) -> None:
        """Read the log again; each line keeps the moment at which it was first seen."""
        now = time.monotonic()
        for line in self.read().splitlines():
            record = _record(line)
            if record:
                key = (str(record["event"]), str(record["id"]), int(record.get("run", 0)))
                self.told.setdefault(key, {**record, "at": now})

    def events(self) -> list[Event]:
        """Starts and ends, in the order in which they were seen; the pid is the number of the execution."""
        self.refresh()
        return [
            Event(kind, key, run, told["at"])
            for (kind, key, run), told in self.told.items()
            if kind in {"start", "end"}
        ]

    def starts(self, keys: Iterable[str]) -> list[dict[str, Any]]:
        """Executions of these messages that began, in the order in which they were seen."""
        self.refresh()
        wanted = set(keys)
        return [told for (kind, key, _), told in self.told.items() if kind == "start" and key in wanted]

    def identity(self, key: str) -> dict[str, Any]:
        """What the worker told of itself; empty when it did not."""
        self.refresh()
        return self.told.get(("identity", key, 0), {})

    def bury(self, runs: Iterable[int] | None = None) -> None:
        """Say that these executions were cut; every open one where none is named."""
        ended = {event.pid for event in self.events() if event.event == "end"}
        opened = [event.pid for event in self.events() if event.event == "start" and event.pid not in ended]
        self.dead |= set(opened if runs is None else runs)

    def runs(self, run: int, longest_seconds: float) -> bool:
        """Whether an open execution may still run: nothing cut it, and it has not outlasted what it was to wait."""
        began = next((told["at"] for (kind, _, r), told in self.told.items() if kind == "start" and r == run), 0.0)
        return run not in self.dead and time.monotonic() - began < longest_seconds


def _record(line: str) -> dict[str, Any]:
    _, mark, text = line.partition(_MARK)
    if not mark:
        return {}
    try:
        record = json.loads(text)
    except ValueError:
        return {}
    known: dict[str, Any] = record if isinstance(record, dict) and {"event", "id"} <= record.keys() else {}
    return known
