"""Waits until the stack is quiet, and gathers what became of everything that was put at stake."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from audit.experiments.driver import Accepted, DriverError
from audit.experiments.laboratory.fault_driver import FaultDriver
from audit.experiments.laboratory.recount import FAILED
from audit.experiments.laboratory.soak_history import History, SendRow, StrikeRow, WebhookRow
from audit.experiments.laboratory.strikes import Strike
from audit.experiments.waiting import wait_stable, wait_until

HASTEN_SECONDS = 10.0
# Of an identifier of the gateway, the end tells it from others.
_SHOWN = 8


def settle(
    driver: FaultDriver, seconds: float, quiet_seconds: float = 4.0, hasten_seconds: float = HASTEN_SECONDS
) -> bool:
    """Wait until no send is open, every webhook answered is recorded with the sends it earns, and the gateway is quiet.

    What waits for a later date is made due every `hasten_seconds`. What is slow is waited for, or it would be called lost: the
    wait ends after `seconds` that left no less to do. True when nothing was left open, whether or not something is missing.
    """
    fewest, idle = math.inf, 0
    while idle < max(1, int(seconds / hasten_seconds)):
        if wait_until(lambda: not _left(driver), min(hasten_seconds, seconds), 0.3):
            if not _quiet(driver, quiet_seconds, seconds):
                return False
            if not _left(driver):
                return True
        left = _left(driver)
        idle = 0 if left < fewest else idle + 1
        fewest = min(left, fewest)
        _hasten(driver)
    return _nothing_open(driver) and _quiet(driver, quiet_seconds, seconds)


def _quiet(driver: FaultDriver, quiet_seconds: float, seconds: float) -> bool:
    return wait_stable(lambda: len(driver.accepted()), quiet_seconds, seconds)


def _hasten(driver: FaultDriver) -> None:
    try:
        driver.hasten()
    except DriverError:
        return


def _left(driver: FaultDriver) -> float:
    """How many sends and webhooks are not done; infinite while the stack does not tell."""
    try:
        answered, missing = driver.acknowledged(), frozenset[str]()
        if answered:
            # A Message 2 that its webhook has not written yet is in no state at all; what is launched has one from the start.
            failed = {key for key, status in driver.recorded().items() if status == FAILED}
            missing = driver.expected() - {entry.key for entry in driver.accepted()} - failed
        return len(missing | driver.unsettled()) + len(answered - frozenset(driver.interactions()))
    except DriverError:
        return math.inf


def _nothing_open(driver: FaultDriver) -> bool:
    try:
        return not driver.unsettled() and driver.acknowledged() <= frozenset(driver.interactions())
    except DriverError:
        return False


@dataclass(frozen=True)
class Session:
    """What a session knows beside its driver: when it began, how many of its strikes are in the journal, and its probes.

    `refusals` counts, for each key, the faults during which it was open; `asked` is when each probe was asked for.
    """

    started: float = 0.0
    counted: int = 0
    refusals: Mapping[str, int] = field(default_factory=dict)
    asked: Mapping[str, float] = field(default_factory=dict)
    deadline_seconds: float | None = None

    def since(self, at: float) -> int:
        """Microseconds from its beginning to then."""
        return max(0, microseconds(at) - microseconds(self.started))


def microseconds(seconds: float) -> int:
    """The same length of time."""
    return round(seconds * 1_000_000)


def gathered(driver: FaultDriver, strikes: Sequence[Strike], session: Session) -> History:
    """All that the driver knows of what was put at stake, once the stack is quiet: the history that is counted and kept."""
    recorded, expected = driver.recorded(), driver.expected()
    answers: dict[str, list[Accepted]] = {}
    for entry in driver.accepted():
        answers.setdefault(entry.key, []).append(entry)
    at_stake, in_flight = _by_key(s.keys for s in strikes), _by_key(s.in_flight for s in strikes)

    def row(key: str) -> SendRow:
        asked = session.asked.get(key)
        return SendRow(
            key,
            expected=key in expected,
            status=recorded.get(key, ""),
            refusals=session.refusals.get(key, 0),
            at=tuple(session.since(entry.at) for entry in answers.get(key, ())),
            ids=tuple(entry.identifier[-_SHOWN:] for entry in answers.get(key, ())),
            strikes=tuple(at_stake.get(key, ())),
            in_flight=tuple(in_flight.get(key, ())),
            asked=None if asked is None else session.since(asked),
        )

    # In order of acceptance, those that never were at the end.
    named = [*answers, *sorted((expected | at_stake.keys() | in_flight.keys()) - answers.keys())]
    deadline = session.deadline_seconds
    return History(
        tuple(_strike_row(strike, session, n < session.counted) for n, strike in enumerate(strikes)),
        tuple(row(key) for key in named),
        tuple(_webhook_rows(driver)),
        None if deadline is None else microseconds(deadline),
    )


def _by_key(named: Iterable[frozenset[str]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, keys in enumerate(named):
        for key in keys:
            found.setdefault(key, []).append(number)
    return found


def _strike_row(strike: Strike, session: Session, counted: bool) -> StrikeRow:
    back = strike.recovery if strike.fault.victim in {"web", "beat"} else None
    return StrikeRow(
        strike.fault.id,
        counted=counted,
        at=session.since(strike.at) if strike.at else None,
        resumed=strike.recovery is not None,
        back=None if back is None else microseconds(back),
        wrong=tuple(strike.wrong),
    )


def _webhook_rows(driver: FaultDriver) -> Iterator[WebhookRow]:
    recorded, answered, delivered = Counter(driver.interactions()), driver.acknowledged(), driver.delivered()
    for name in sorted(recorded.keys() | answered | delivered):
        yield WebhookRow(name, name in delivered, name in answered, recorded[name])
