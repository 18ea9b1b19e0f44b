"""Plays a schedule on a running stack, one fault after the other, and accounts for everything at the end."""

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from audit.experiments.driver import DriverError
from audit.experiments.laboratory.fault_catalogue import FAULTS
from audit.experiments.laboratory.fault_driver import FaultDriver
from audit.experiments.laboratory.schedules import Step
from audit.experiments.laboratory.send_accounts import HASTEN_SECONDS
from audit.experiments.laboratory.strikes import RESUME_SECONDS, STEP_SECONDS, Strike, strike
from audit.experiments.waiting import wait_until

Tell = Callable[[str], None]
ATTEMPTS = 3
ROUNDS = 2
# Sends left open by earlier faults would fill the workers before the next one.
MOST_OPEN = 20
MOST_REFUSALS = 3
BACKLOG_SECONDS = 30.0
END_SECONDS = 120.0


@dataclass(frozen=True)
class Patience:
    """Seconds to wait for a step, for sends to resume, for the backlog between two faults, for the end, and for the gateway's quiet.

    `hasten` is how often, at the end, what waits for a later date is made due. After `until` (seconds since the epoch) no further fault is played.
    """

    step: float = STEP_SECONDS
    resume: float = RESUME_SECONDS
    hasten: float = HASTEN_SECONDS
    backlog: float = BACKLOG_SECONDS
    end: float = END_SECONDS
    quiet: float = 4.0
    until: float | None = None


PATIENCE = Patience()


@dataclass
class Played:
    """What was played. `at` is when it began, in seconds since the epoch; `failed` the attempts that did not strike.

    `refusals` counts, for each key, the faults after which it was still open: each may have cost it an attempt.
    """

    at: float
    strikes: list[Strike] = field(default_factory=list)
    failed: list[Strike] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)

    @property
    def everything(self) -> list[Strike]:
        """Strikes and failed attempts: whatever was launched must arrive."""
        return [*self.strikes, *self.failed]


def play(
    driver: FaultDriver,
    steps: Sequence[Step],
    tell: Tell = lambda _: None,
    patience: Patience = PATIENCE,
    after: Played | None = None,
) -> Played:
    """Play the steps in order, `after` what was played before: each tried up to three times, and as often again at the end."""
    played = after or Played(time.time())
    waiting, done = deque((step, ROUNDS) for step in steps), 0
    while waiting and (patience.until is None or time.time() <= patience.until):
        step, rounds = waiting.popleft()
        one = _play_one(driver, step, played, patience)
        if not one.struck and rounds > 1:
            played.failed.append(one)
            waiting.append((step, rounds - 1))
            tell(f"{step.fault}: put off ({one.why})")
            continue
        played.strikes.append(one)
        done += 1
        tell(f"{done}/{len(steps)} {step.fault}: {_told(one)}")
    return played


def _play_one(driver: FaultDriver, step: Step, played: Played, patience: Patience) -> Strike:
    """The strike, or the last attempt when none struck."""
    for attempt in range(1, ATTEMPTS + 1):
        _clear(driver, played, patience)
        one = strike(driver, FAULTS[step.fault], step.contacts, patience.step, patience.resume)
        played.refusals.update(_open(driver))
        if one.struck or attempt == ATTEMPTS:
            break
        played.failed.append(one)
    return one


def _clear(driver: FaultDriver, played: Played, patience: Patience) -> None:
    """Wait until everybody is back and little is open; nothing that more refusals would rightly make a failure is."""

    def clear() -> bool:
        try:
            driver.hasten()
            everyone = all(driver.child_pids(role) for role in driver.workers())
            left = driver.unsettled()
        except DriverError:
            return False
        tired = any(played.refusals[key] >= MOST_REFUSALS for key in left)
        return everyone and driver.main_pid("web") is not None and len(left) < MOST_OPEN and not tired

    wait_until(clear, patience.backlog, 0.2)


def _open(driver: FaultDriver) -> frozenset[str]:
    try:
        return driver.unsettled()
    except DriverError:
        return frozenset()


def _told(last: Strike) -> str:
    if not last.struck:
        return f"did not strike ({last.why})"
    back = "not seen" if last.recovery is None else f"{last.recovery:.1f} s"
    return f"{len(last.in_flight)} in flight, resumed after {back}"
