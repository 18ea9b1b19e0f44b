"""Service availability: sends asked for all the time as probes, while the workers are killed in turn at a fixed period."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from audit.experiments.laboratory.fault_driver import FaultDriver
from audit.experiments.process_faults import Kill
from audit.experiments.waiting import wait_until

_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Probing:
    """How the service is measured: for so many seconds, and up to three times that until there are `least` probes.

    The deadline leaves a probe in flight at a death its lease, and the wait for the sweep that finds it. `least` is what a lower bound of 99,9 % takes without a failure, and some more.
    """

    seconds: float
    period_seconds: float = 60.0
    deadline_seconds: float = 20.0
    least: int = 3_200
    at_once: int = 40


@dataclass
class Service:
    """Probes by key with the time they were asked for (seconds since the epoch), and the deaths meanwhile.

    A probe is in time when the gateway accepted it `deadline_seconds` at most after it was asked for: `recount` counts them.
    """

    period_seconds: float
    deadline_seconds: float
    workers: int
    asked: dict[str, float] = field(default_factory=dict)
    crashes: list[float] = field(default_factory=list)
    elapsed_seconds: float = 0.0


def measure(driver: FaultDriver, probing: Probing, tell: Callable[[str], None] = lambda _: None) -> Service:
    """Probe, and kill a worker every period, for the first time after half of one."""
    service = Service(probing.period_seconds, probing.deadline_seconds, len(driver.workers()))
    before, started = len(driver.accepted()), time.time()

    def goes_on() -> bool:
        elapsed = time.time() - started
        short = len(service.asked) < probing.least and elapsed < 3 * probing.seconds
        return elapsed < probing.seconds or short

    while goes_on():
        due = started + probing.period_seconds * (len(service.crashes) + 0.5)
        if time.time() >= due and _kill_one(driver, service):
            tell(f"worker killed, {len(service.asked)} probes so far")
        asked_at = time.time()
        service.asked |= dict.fromkeys(driver.launch(probing.at_once), asked_at)
        time.sleep(_PAUSE_SECONDS)
    service.elapsed_seconds = time.time() - started
    wait_until(lambda: service.asked.keys() <= {a.key for a in driver.accepted()[before:]}, probing.deadline_seconds)
    return service


def _kill_one(driver: FaultDriver, service: Service) -> bool:
    roles = driver.workers()
    pid = driver.main_pid(roles[len(service.crashes) % len(roles)])
    # One that is not back from its last death is killed as soon as it is: until then, its absence makes probes late.
    if pid is None or not Kill(pid).strike():
        return False
    service.crashes.append(time.time())
    return True
