"""What became of everything put at stake: each strike's keys, and the webhooks, once the stack is quiet."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.experiments.accounting import UNCERTAIN, Account, account
from audit.experiments.driver import DriverError
from audit.experiments.laboratory.fault_driver import FaultDriver
from audit.experiments.laboratory.strikes import Strike
from audit.experiments.waiting import wait_stable, wait_until

HASTEN_SECONDS = 10.0
MOST_ATTEMPTS = 4
# What the stack declares that it will not try again.
FAILED = "failed"


@dataclass(frozen=True)
class Result:
    """The whole account, one a strike in order, and that of the webhooks. `settled` when nothing was left open."""

    sends: Account
    by_strike: tuple[Account, ...]
    webhooks: Account
    settled: bool

    @property
    def wrongs(self) -> dict[str, tuple[str, ...]]:
        """Identifiers of what went wrong, by the French name of the wrong; empty when nothing did."""
        named = {
            "envois perdus": self.sends.lost,
            "envois doublés": self.sends.duplicated,
            "envois inattendus": self.sends.unexpected,
            "webhooks perdus": self.webhooks.lost,
            "webhooks enregistrés deux fois": self.webhooks.duplicated,
            "webhooks inattendus": self.webhooks.unexpected,
        }
        return {name: keys for name, keys in named.items() if keys}


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


def result(driver: FaultDriver, strikes: Sequence[Strike], refusals: Mapping[str, int], *, settled: bool) -> Result:
    """Compare everything the driver put at stake with the whole ledger.

    A send that the stack declares failed, after the laboratory kept it from being answered as often as it may be tried, is
    uncertain and not lost: `refusals` counts the faults during which it was open.
    """
    recorded = {
        key: UNCERTAIN if status == FAILED and refusals.get(key, 0) >= MOST_ATTEMPTS else status
        for key, status in driver.recorded().items()
    }
    sends = account(driver.expected(), list(driver.accepted()), recorded)
    wrong = tuple(sorted(w for s in strikes for w in s.wrong))
    interactions = Counter(driver.interactions())
    answered = driver.acknowledged()
    return Result(
        sends=sends,
        by_strike=tuple(_share(sends, s) for s in strikes),
        webhooks=Account(
            expected=len(answered),
            accepted=sum(1 for i in answered if i in interactions),
            lost=tuple(sorted(answered - interactions.keys())),
            duplicated=tuple(sorted(i for i, count in interactions.items() if count > 1)),
            unexpected=tuple(sorted({*(interactions.keys() - driver.delivered()), *wrong})),
            uncertain=(),
        ),
        settled=settled,
    )


def _share(whole: Account, strike: Strike) -> Account:
    """The part of the account that concerns one strike's keys, and those in flight when it struck."""
    own = strike.keys | strike.in_flight

    def among(keys: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(key for key in keys if key in own)

    lost, twice, uncertain = among(whole.lost), among(whole.duplicated), among(whole.uncertain)
    return Account(
        len(strike.keys), len(strike.keys) - len(lost) - len(uncertain), lost, twice, tuple(strike.wrong), uncertain
    )
