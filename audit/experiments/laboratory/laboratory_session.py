"""A whole laboratory session: one stack kept up, faults one after the other, then the account and its journal."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from audit.experiments.driver import DriverError
from audit.experiments.laboratory.fault_driver import FaultDriver
from audit.experiments.laboratory.recount import Result, StrikeCount, account_told, recounted
from audit.experiments.laboratory.schedule_run import PATIENCE, Patience, Played, play
from audit.experiments.laboratory.schedules import Step, drawn, enumerated, written
from audit.experiments.laboratory.send_accounts import Session, gathered, settle
from audit.experiments.laboratory.service_availability import Probing, Service, measure
from audit.experiments.laboratory.soak_history import History
from audit.experiments.laboratory.strikes import Strike

Tell = Callable[[str], None]
# A frozen worker is overtaken by another one, or by nobody.
_NEEDS_ANOTHER_WORKER = "freeze"


@dataclass(frozen=True)
class Size:
    """How much a session does: each crash point, each class, faults drawn at random, sends in all, seconds of probing."""

    name: str
    points: int
    classes: int
    drawn: int
    contacts: int
    sends: int
    service_seconds: float


FIRE = Size("fire", points=1, classes=1, drawn=0, contacts=12, sends=0, service_seconds=0.0)
SOAK = Size("soak", points=10, classes=4, drawn=100, contacts=20, sends=10_400, service_seconds=330.0)


@dataclass(frozen=True)
class Plan:
    """The steps of a session: with one worker, drawn at random, then with two."""

    alone: tuple[Step, ...]
    drawn: tuple[Step, ...] = ()
    together: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All of them, in order."""
        return (*self.alone, *self.drawn, *self.together)


def planned(size: Size, seed: int) -> Plan:
    """The plan of a session of this size; the same for the same seed."""
    steps = enumerated(size.points, size.classes, seed, size.contacts)
    return Plan(
        tuple(s for s in steps if s.fault != _NEEDS_ANOTHER_WORKER),
        drawn(seed, size.drawn),
        tuple(s for s in steps if s.fault == _NEEDS_ANOTHER_WORKER),
    )


@dataclass(frozen=True)
class Outcome:
    """What a session ended with. `settled` when nothing was left open.

    `cut_short` says, in French, what kept it from doing all of its plan.
    """

    started: float
    duration_seconds: float
    played: Played
    drawn_from: int
    drawn_until: int
    history: History
    settled: bool
    service: Service | None
    cut_short: str = ""

    @cached_property
    def result(self) -> Result:
        """The account of its history."""
        return recounted(self.history)


def run(
    driver: FaultDriver,
    plan: Plan,
    size: Size,
    tell: Tell = lambda _: None,
    patience: Patience = PATIENCE,
) -> Outcome:
    """Play a plan on a stack that is up. Where it cannot be ended, what was put at stake is accounted for all the same."""
    started = time.time()
    played = play(driver, plan.alone, tell, patience)
    first = len(played.strikes)
    played = play(driver, plan.drawn, tell, patience, played)
    last, service, cut_short = len(played.strikes), None, ""
    try:
        if plan.together or size.service_seconds:
            tell("starting a second worker")
            driver.add_worker()
            play(driver, plan.together, tell, patience, played)
        if size.service_seconds:
            settle(driver, patience.end, patience.quiet, patience.hasten)
            service = measure(driver, Probing(size.service_seconds), tell)
        _complete(driver, size, tell)
    except DriverError as error:
        cut_short = str(error)
        tell(f"cut short: {cut_short}")
    tell("waiting until nothing is open and the gateway is quiet")
    settled = settle(driver, patience.end, patience.quiet, patience.hasten)
    known = Session(
        started,
        len(played.strikes),
        played.refusals,
        service.asked if service else {},
        service.deadline_seconds if service else None,
    )
    history = gathered(driver, played.everything, known)
    return Outcome(started, time.time() - started, played, first, last, history, settled, service, cut_short)


def _complete(driver: FaultDriver, size: Size, tell: Tell) -> None:
    missing = size.sends - len(driver.expected())
    if missing > 0:
        tell(f"{missing} more sends")
        driver.launch(missing)


def document(outcome: Outcome, plan: Plan, size: Size, seed: int, about: dict[str, Any]) -> dict[str, Any]:
    """The journal `soak/1`; `about` holds tool, target, host, command and conditions."""
    service = outcome.service
    return about | {
        "format": "soak/1",
        "session": size.name,
        "seed": seed,
        "generated_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "duration_seconds": round(outcome.duration_seconds, 1),
        "schedule": written(plan.steps),
        "strikes": [
            _strike(s, counted, drawn=outcome.drawn_from <= n < outcome.drawn_until)
            for n, (s, counted) in enumerate(zip(outcome.played.strikes, outcome.result.by_strike, strict=True))
        ],
        "sends": account_told(outcome.result.sends),
        "webhooks": account_told(outcome.result.webhooks),
        "settled": outcome.settled,
        "availability": None
        if service is None
        else {
            "probes": outcome.result.probes,
            "in_time": outcome.result.in_time,
            "deadline_seconds": service.deadline_seconds,
            "crashes": len(service.crashes),
            "period_seconds": service.period_seconds,
            "elapsed_seconds": round(service.elapsed_seconds, 1),
            "workers": service.workers,
        },
    }


def _strike(strike: Strike, counted: StrikeCount, *, drawn: bool) -> dict[str, Any]:
    """What the session alone knows, and what is counted from its history."""
    return {
        "fault": strike.fault.id,
        "title": strike.fault.title,
        "drawn": drawn,
        "struck": strike.struck,
        "why": strike.why,
    } | counted.told()
