"""What the services need from outside, as protocols, so that tests pass fakes."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from system.domain.counters import DayCounters
from system.gateway.outcomes import LookupOutcome, NumberOutcome, Outgoing, PostOutcome

Clock = Callable[[], datetime]
Monotonic = Callable[[], float]


class Gateway(Protocol):
    """The messaging gateway; neither method raises for what the network does."""

    def post(self, message: Outgoing) -> PostOutcome: ...

    def find_by_reference(self, reference: str) -> LookupOutcome: ...


class LockKeeper(Protocol):
    """Gives locks; yields False while somebody else who lives holds one, `fail_open` when that cannot be known."""

    def hold(self, key: str, *, ttl_seconds: int, fail_open: bool = False) -> AbstractContextManager[bool]: ...


class Pace(Protocol):
    """How fast messages may leave, over all processes."""

    @property
    def seconds_a_message(self) -> float: ...

    def take(self, wanted: int) -> int: ...

    def give_back(self, unused: int) -> None: ...


class SnapshotStore(Protocol):
    """Keeps the counters of days; keeping a day again replaces it."""

    def upsert(self, days: Sequence[DayCounters], *, taken_at: datetime) -> None: ...


class NumberBook(Protocol):
    """Knows which numbers are on WhatsApp; never raises for what the network does."""

    def number_exists(self, phone: str) -> NumberOutcome: ...
