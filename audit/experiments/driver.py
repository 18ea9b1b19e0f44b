"""What a target's owner writes so that scenario experiments can be run on it."""

import importlib
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable


@dataclass(frozen=True)
class Accepted:
    """One send the gateway accepted: `key` identifies what was to be sent once, `identifier` is the gateway's own id."""

    key: str
    identifier: str
    at: float


@dataclass(frozen=True)
class AlertDelay:
    """Seconds of silence before an alert: in this run, and in what is shipped."""

    tried_seconds: float
    shipped_seconds: float


@runtime_checkable
class Driver(Protocol):
    """Commands and readings of a running stack.

    Keys are strings chosen by the driver, one for each message that must be sent exactly once. Times are seconds since
    the epoch. Every method may raise DriverError; the experiment then is undetermined, not failed.
    """

    def start(self) -> None:
        """Start everything with the deployment files actually shipped, and wait until workers consume."""
        ...

    def stop(self) -> None:
        """End every process that was started, also after a failed start."""
        ...

    def logged_in(self) -> Sequence[str]:
        """User accounts or sessions that exist; empty when nobody can be logged in."""
        ...

    def launch(self, contacts: int) -> frozenset[str]:
        """Launch a new campaign over this many new contacts; the keys that must be accepted once each."""
        ...

    def accepted(self) -> Sequence[Accepted]:
        """The gateway's own ledger, in order of acceptance."""
        ...

    def recorded(self) -> Mapping[str, str]:
        """What the database says of each key: `sent`, `failed`, `unknown`, or another word while it is not final."""
        ...

    def hold(self, point: Literal["before", "after"]) -> None:
        """Make the gateway keep requests unanswered, before or after it accepted them, until `release`."""
        ...

    def held(self) -> int:
        """How many requests the gateway holds."""
        ...

    def release(self) -> None:
        """Let held requests go on."""
        ...

    def main_pid(self, role: str) -> int | None:
        """Process id of the main process of this role (`worker`, `beat`, `web`); None when it is not running."""
        ...

    def child_pids(self, role: str) -> Sequence[int]:
        """Process ids of the pool's children."""
        ...

    def deliver_again(self, keys: frozenset[str]) -> int:
        """Lose the volatile locks, then deliver these messages, and no other, to the workers again; how many."""
        ...

    def interact(self, keys: Sequence[str], *, again: bool = False) -> Sequence[str]:
        """Deliver one inbound message from each of these recipients, without credentials; `again`: each webhook twice.

        Returns the identifiers of the messages whose webhook was answered with success.
        """
        ...

    def stall_processing(self) -> AbstractContextManager[None]:
        """While the block lasts, what webhooks bring is received but cannot be processed."""
        ...

    def interactions(self) -> Sequence[str]:
        """Identifiers of the inbound messages the database holds, one a recorded interaction."""
        ...

    def follow_up_key(self, key: str) -> str:
        """The key of the Message 2 of the recipient whose Message 1 has this key."""
        ...

    def alert_delay(self) -> AlertDelay:
        """How long workers may be silent before an alert."""
        ...

    def alerts(self) -> Sequence[str]:
        """Incidents about workers that the alert webhook received, in order."""
        ...

    def conditions(self) -> Sequence[str]:
        """What a reader must know of these runs, in French: what was simulated, shortened, lifted."""
        ...

    def deployment(self) -> str:
        """Path of the shipped file that keeps the processes running in these experiments."""
        ...

    def periodic_runs(self) -> Mapping[str, int]:
        """How many times each periodic task has run."""
        ...

    def retry_delays(self) -> Sequence[float]:
        """Delays in seconds that a message which the gateway answers 429 is really given, for its 1st, 2nd, 3rd failure."""
        ...


@runtime_checkable
class KnownLimits(Protocol):
    """A driver whose owner also knows what its runs leave untried; no scenario asks for it."""

    def limits(self) -> Mapping[str, str]:
        """By criterion, in French: what the stack does, or cannot exclude, that these runs do not show."""
        ...


class DriverError(Exception):
    """The stack could not do or tell what was asked; the message is a French sentence for the report."""


def load_driver(symbol: str, root: Path) -> Driver:
    """Build the driver `package.module:Class` of a target, with the target's root importable.

    Raises DriverError when it cannot be imported or is not a Driver.
    """
    module, _, name = symbol.partition(":")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        driver = getattr(importlib.import_module(module), name)(root)
    except (Exception, SystemExit) as error:
        msg = f"le pilote `{symbol}` ne se charge pas ({type(error).__name__} : {error})"
        raise DriverError(msg) from error
    if not isinstance(driver, Driver):
        msg = f"`{symbol}` n'est pas un pilote : il lui manque des méthodes de `audit.experiments.driver.Driver`"
        raise DriverError(msg)
    return driver
