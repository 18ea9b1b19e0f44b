"""What a driver adds so that the laboratory can bring processes to a crash point, and disturb what surrounds them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from audit.experiments.driver import Driver


@dataclass(frozen=True)
class Stake:
    """What one fault puts at stake: `keys` must each be accepted once; `pids` stand at the crash point.

    `wrong` names what must not have happened and did; the driver may add to it until its block has ended.
    """

    keys: frozenset[str] = frozenset()
    pids: tuple[int, ...] = ()
    wrong: list[str] = field(default_factory=list)


@runtime_checkable
class FaultDriver(Driver, Protocol):
    """The capabilities beside `Driver`. Every method may raise DriverError; the fault then did not strike."""

    def add_worker(self) -> str:
        """Start one more worker, as a second host would; its role."""
        ...

    def witnesses(self) -> Sequence[Path]:
        """Files and folders of the code that says what was sent: this driver, the double of the gateway.

        Their digests stand in the journal of a session, beside those of the audited tree and of the harness.
        """
        ...

    def workers(self) -> Sequence[str]:
        """Roles of the workers, to be given to `main_pid` and `child_pids`."""
        ...

    def reach(self, point: str, contacts: int) -> AbstractContextManager[Stake]:
        """Launch sends (or deliver webhooks) for this many contacts, and keep processes at `point` while the block lasts.

        The points are those of `faults.POINTS`. Raises DriverError when the point cannot be reached.
        """
        ...

    def disturb(self, name: str) -> AbstractContextManager[Stake]:
        """A disturbance of `faults.DISTURBANCES`, from now until the end of the block."""
        ...

    def expected(self) -> frozenset[str]:
        """Every key put at stake since the start, by `launch`, `reach` or `disturb`, whether or not the fault then struck."""
        ...

    def sending(self) -> frozenset[str]:
        """Keys in flight: the database says that some process has claimed them."""
        ...

    def unsettled(self) -> frozenset[str]:
        """Keys that are in no final state."""
        ...

    def hasten(self) -> None:
        """Make due what waits for a later date, by moving the dates: neither the clock nor the sending is touched."""
        ...

    def delivered(self) -> frozenset[str]:
        """Identifiers of the genuine inbound messages that were delivered, answered or not."""
        ...

    def acknowledged(self) -> frozenset[str]:
        """Identifiers of the inbound messages whose webhook was answered with success."""
        ...
