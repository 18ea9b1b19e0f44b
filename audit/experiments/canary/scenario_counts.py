"""What one scenario of the canary saw: plain values that cross from the enclosure to the audit."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Observation:
    """Counts of one scenario. `lost`, `twice` and `waiting` hold message ids; times are in seconds.

    `waiting` messages are still held by the broker, in the name of a worker that is gone; `due` ones were executed, and are
    held all the same, so that they will be executed again; `unsettled` ones had no fate yet
    when the time ran out; `not_played` says in French why the scenario did not happen; empty when it did.
    """

    scenario: str
    sent: int = 0
    in_flight: int = 0
    executed: int = 0
    lost: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    due: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()
    back_seconds: float | None = None
    worker_died: str = ""
    not_played: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    timeline: list[tuple[float, str]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def note(self, event: str) -> None:
        """Add an event to the timeline, in French."""
        self.timeline.append((round(time.monotonic() - self.started, 2), event))

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def observation(record: Mapping[str, Any]) -> Observation:
    """Back from JSON. Raises TypeError or KeyError on anything else than what `plain` gave."""
    lists = {name: tuple(record[name]) for name in ("lost", "twice", "waiting", "due", "unsettled")}
    timeline = [(float(at), str(event)) for at, event in record["timeline"]]
    return Observation(**{**record, **lists, "timeline": timeline})
