"""Executions of canary messages, as the tasks themselves recorded them, and the fate of each message."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from audit.experiments.canary.held_messages import Held


@dataclass(frozen=True)
class Event:
    """A `start` or an `end`: which message, in which process, when on the machine's monotonic clock (seconds)."""

    event: str
    id: str
    pid: int
    at: float


class Fate(StrEnum):
    """What became of a message. DUE: done once, but still unacknowledged, so that it will be delivered again; HELD: only that."""

    DONE = "done"
    DUE = "due"
    TWICE = "twice"
    RUNNING = "running"
    QUEUED = "queued"
    HELD = "held"
    LOST = "lost"
    UNKNOWN = "unknown"


def read_events(path: Path) -> list[Event]:
    """Everything recorded so far, in order; the line that a killed process left unfinished is not counted."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return [event for line in lines if (event := _event(line))]


def _event(line: str) -> Event | None:
    try:
        return Event(**json.loads(line))
    except (ValueError, TypeError):
        return None


def fate(key: str, events: Iterable[Event], held: Held | None, alive: Callable[[int], bool]) -> Fate:
    """Fate of one message from its own executions and from what the broker holds (None: silent).

    An execution without end whose process lives is running; a message is lost only when no execution ended or runs, and
    the broker holds it nowhere.
    """
    own = [e for e in events if e.id == key]
    ends = [e for e in own if e.event == "end"]
    if len(ends) > 1:
        return Fate.TWICE
    running = [p for p in {e.pid for e in own} if alive(p) and _open(p, own)]
    if running:
        return Fate.RUNNING
    if held is None:
        return Fate.DONE if ends else Fate.UNKNOWN
    if held.is_queued(key):
        return Fate.QUEUED
    if ends:
        return Fate.DUE if held.is_unacked(key, ended=True) else Fate.DONE
    return Fate.HELD if held.is_unacked(key, ended=False) else Fate.LOST


def _open(pid: int, own: Sequence[Event]) -> bool:
    counts = [sum(e.event == kind and e.pid == pid for e in own) for kind in ("start", "end")]
    return counts[0] > counts[1]
