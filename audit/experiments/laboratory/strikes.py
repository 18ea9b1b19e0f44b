"""One fault on a running stack: load it, strike while sends are in flight, and time until sending resumes."""

import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field

from audit.experiments.driver import DriverError
from audit.experiments.laboratory.fault_catalogue import Fault
from audit.experiments.laboratory.fault_driver import FaultDriver, Stake
from audit.experiments.process_faults import Kill, gone
from audit.experiments.waiting import wait_until

STEP_SECONDS = 20.0
RESUME_SECONDS = 40.0


@dataclass
class Strike:
    """What one fault did. `at` is seconds since the epoch; `why` says what kept it from striking, in French.

    `recovery` is the time in seconds until the gateway accepted a send that was not in flight, or until the web or beat
    process was back; None when it was not seen. `seen` counts the ledger's entries before the fault.
    """

    fault: Fault
    contacts: int
    at: float = 0.0
    in_flight: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    why: str = ""
    recovery: float | None = None
    wrong: list[str] = field(default_factory=list)
    seen: int = 0

    @property
    def struck(self) -> bool:
        """Whether something was hit, while a send was in flight."""
        return not self.why and bool(self.in_flight)


class NotStruckError(Exception):
    """The fault could not be applied; the message is a French sentence."""


def strike(
    driver: FaultDriver,
    fault: Fault,
    contacts: int,
    step_seconds: float = STEP_SECONDS,
    resume_seconds: float = RESUME_SECONDS,
) -> Strike:
    """Apply one fault under load, and wait at most `resume_seconds` for the sends to resume. Never raises for what the stack or its driver could not do: the strike says it."""
    result = Strike(fault, contacts)
    before: int | None = None
    try:
        before = driver.main_pid(fault.victim) if fault.victim in {"web", "beat"} else None
        {"crash point": _crash, "signal": _signal, "disturbance": _disturb}[fault.kind](driver, result, step_seconds)
    except (DriverError, NotStruckError) as error:
        result.why = str(error)
    finally:
        _let_go(driver)
    if not result.why and not result.in_flight:
        result.why = "aucun envoi n'était en vol"
    if result.struck:
        _time_recovery(driver, result, before, resume_seconds)
    return result


def _let_go(driver: FaultDriver) -> None:
    try:
        driver.release()
    except DriverError:
        return


def _crash(driver: FaultDriver, result: Strike, step_seconds: float) -> None:
    with driver.reach(result.fault.point, result.contacts) as stake:
        _takes(result, stake)
        _hit(driver, result, stake.pids, step_seconds)


def _signal(driver: FaultDriver, result: Strike, step_seconds: float) -> None:
    _load(driver, result, step_seconds)
    _hit(driver, result, (), step_seconds)


def _disturb(driver: FaultDriver, result: Strike, step_seconds: float) -> None:
    with ExitStack() as block:
        if result.fault.first:
            stake = _enter(driver, block, result)
            _load(driver, result, step_seconds, hold=False)
            _mark(driver, result)
        else:
            _load(driver, result, step_seconds)
            _mark(driver, result)
            stake = _enter(driver, block, result)
        _let_go(driver)
        _last(result.fault.seconds)
    # The recovery counts from the end of what lasts.
    result.at = time.time() if result.fault.seconds else result.at
    _takes(result, stake)


def _mark(driver: FaultDriver, result: Strike) -> None:
    result.in_flight, result.seen, result.at = driver.sending(), len(driver.accepted()), time.time()


def _enter(driver: FaultDriver, block: ExitStack, result: Strike) -> Stake:
    manager: AbstractContextManager[Stake] = driver.disturb(result.fault.id)
    stake = block.enter_context(manager)
    result.keys |= stake.keys
    return stake


def _takes(result: Strike, stake: Stake) -> None:
    result.keys |= stake.keys
    result.wrong = stake.wrong


def _load(driver: FaultDriver, result: Strike, step_seconds: float, *, hold: bool = True) -> None:
    """Sends in flight: the gateway holds them, and the database says that they are claimed."""
    if hold:
        driver.hold(result.fault.gate)
    result.keys |= driver.launch(result.fault.load or result.contacts)
    if not wait_until(lambda: driver.held() and driver.sending(), step_seconds):
        msg = "aucun envoi n'est arrivé à la passerelle"
        raise NotStruckError(msg)


def _hit(driver: FaultDriver, result: Strike, standing: Sequence[int], step_seconds: float) -> None:
    """Send the signal to the victims, and let what surrounds them go on once it has taken effect."""
    fault = result.fault
    hit, following = _victims(driver, fault, standing)
    _mark(driver, result)
    alive = [Kill(pid, fault.number).strike() for pid in hit]
    if not alive or not all(alive):
        msg = "le processus à frapper n'existait plus"
        raise NotStruckError(msg)
    if fault.number is signal.SIGSTOP:
        _let_go(driver)
        _last(fault.seconds)
        for pid in hit:
            Kill(pid, signal.SIGCONT).strike()
        result.at = time.time()
    elif fault.number is signal.SIGKILL and not wait_until(
        # A child of a killed main process follows it a moment later: an answer given now would still reach it.
        lambda: all(gone(pid) for pid in [*hit, *following]),
        step_seconds,
    ):
        msg = "le processus frappé ne meurt pas"
        raise NotStruckError(msg)


def _victims(driver: FaultDriver, fault: Fault, standing: Sequence[int]) -> tuple[list[int], list[int]]:
    """Pids to signal, and pids that die with them. Processes that stand at the crash point are chosen first."""
    if fault.victim in {"web", "beat"}:
        main = driver.main_pid(str(fault.victim))
        return ([main] if main else []), []
    workers = [(driver.main_pid(role), [*driver.child_pids(role)]) for role in driver.workers()]
    alive = [(main, children) for main, children in workers if main is not None]
    if fault.victim == "all":
        return [main for main, _ in alive], [child for _, children in alive for child in children]
    for main, children in alive:
        chosen = [child for child in children if child in standing or not standing]
        if chosen and fault.victim == "child":
            return chosen[:1], []
        if chosen:
            # Frozen children under a main process that runs would be replaced.
            return ([main, *children], []) if fault.number is signal.SIGSTOP else ([main], children)
    return [], []


def _last(seconds: float) -> None:
    if seconds:
        time.sleep(seconds)


def _time_recovery(driver: FaultDriver, result: Strike, before: int | None, seconds: float) -> None:
    """Wait until the process is back (web, beat), or a send that was not in flight is accepted after the fault (others)."""

    def back() -> bool:
        return driver.main_pid(str(result.fault.victim)) not in {None, before}

    def resumed() -> bool:
        later = [a.at for a in driver.accepted()[result.seen :] if a.at > result.at and a.key not in result.in_flight]
        result.recovery = later[0] - result.at if later else None
        return bool(later)

    if result.fault.victim not in {"web", "beat"}:
        _launch_one(driver, result, seconds)
        wait_until(lambda: _quietly(resumed), seconds)
    elif wait_until(lambda: _quietly(back), seconds):
        result.recovery = time.time() - result.at


def _launch_one(driver: FaultDriver, result: Strike, seconds: float) -> None:
    """One more send: those of the fault may all have been put off, and nothing would tell that workers consume."""

    def launched() -> bool:
        result.keys |= driver.launch(1)
        return True

    wait_until(lambda: _quietly(launched), seconds)


def _quietly(condition: Callable[[], bool]) -> bool:
    """A stack under fire may not be able to answer yet."""
    try:
        return condition()
    except DriverError:
        return False
