"""The broker fails without dying for good: its connections are cut, it freezes, or it comes back without its data."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.experiments.canary.canary_stack import CanaryStack, tally
from audit.experiments.canary.execution_ledger import Fate
from audit.experiments.canary.in_flight import MOST_IN_FLIGHT, hold_in_flight, restart, tell, told_slots, with_reason
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.target_processes import TargetProcess
from audit.experiments.waiting import wait_until
from audit.french.typography import counted, french_seconds

_BACK_SECONDS = 30.0
_BEHIND = 4


@dataclass(frozen=True)
class Times:
    """Seconds. `shut`: tasks stay in flight after a cut, since a worker that cancels them does so at once.

    `frozen`: at least, and `longest` at most where RabbitMQ's heartbeat tolerates more; tasks end `last` before the thaw.
    """

    shut: float = 1.5
    frozen: float = 4.0
    longest: float = 8.0
    last: float = 1.5
    down: float = 1.5


@dataclass(frozen=True)
class Blow:
    """A fault, its French words, and how it strikes: True when the broker answers again, with the gate opened meanwhile."""

    prefix: str
    told: str
    strike: Callable[[TargetProcess, Path], bool]


def connections_cut(stack: CanaryStack, seen: Observation, times: Times = Times()) -> None:
    """Every connection of the worker is closed by the broker's side, while the broker lives; with a free slot, then with none."""

    def strike(worker: TargetProcess, gate: Path) -> bool:
        struck = stack.server.cut()
        wait_until(worker.ending, times.shut)
        gate.touch()
        return struck

    fates: dict[str, Fate] = {}
    for busy in sorted({1, _full(stack)}):
        if not _struck(stack, seen, busy, Blow("coupe", "connexions au broker coupées", strike), fates):
            break
    _account(seen, fates)


def broker_frozen(stack: CanaryStack, seen: Observation, times: Times = Times()) -> None:
    """The broker stops answering for a few seconds, its connections open; tasks run on, and are then acknowledged to nobody."""
    # Longer than a short heartbeat of RabbitMQ tolerates: twice its interval.
    beat = float(stack.settings.get("heartbeat") or 0.0) if stack.settings.get("broker") == "amqp" else 0.0
    seconds = max(times.frozen, min(2 * beat + times.last, times.longest))

    def strike(worker: TargetProcess, gate: Path) -> bool:
        stack.server.freeze()
        wait_until(worker.ending, seconds - times.last)
        gate.touch()
        wait_until(worker.ending, times.last)
        return stack.server.thaw()

    fates: dict[str, Fate] = {}
    told = f"broker figé (SIGSTOP) pendant {french_seconds(seconds)}"
    _struck(stack, seen, max(1, _full(stack) // 2), Blow("fige", told, strike), fates)
    _account(seen, fates)


def broker_emptied(stack: CanaryStack, seen: Observation, times: Times = Times()) -> None:
    """The broker dies and comes back with nothing: what waited there is gone, and the worker must find its way back."""

    def strike(worker: TargetProcess, gate: Path) -> bool:
        stack.server.kill()
        gate.touch()
        wait_until(worker.ending, times.down)
        stack.server.erase()
        return stack.server.start()

    fates: dict[str, Fate] = {}
    _struck(stack, seen, _full(stack), Blow("vide", "broker tué (SIGKILL) et relancé sans ses données", strike), fates)
    _account(seen, fates)


def _full(stack: CanaryStack) -> int:
    return min(stack.concurrency, MOST_IN_FLIGHT)


def _struck(stack: CanaryStack, seen: Observation, busy: int, blow: Blow, fates: dict[str, Fate]) -> bool:
    """Strike with this many slots busy, and wait until the worker consumes again; False where nothing more is to be played."""
    worker, name = stack.steady(), f"{blow.prefix}-{busy}"
    gate = stack.gate(name)
    behind = _BEHIND if busy >= stack.concurrency else 0
    keys = hold_in_flight(stack, seen, name, behind, busy)
    if not keys:
        gate.touch()
        return False
    slots = told_slots(busy, stack.concurrency)
    seen.note(f"{blow.told} : {counted(busy, 'tâche')} en vol, {slots}, {behind} en attente")
    stack.shaken = True
    if not blow.strike(worker, gate):
        seen.not_played = "le serveur privé ne répond plus après la faute"
        return False
    returned = _returned(stack, seen, worker, name, {"busy": busy, "slots": slots, "back": None})
    fates.update(stack.settle(keys, 8.0))
    return returned


def _returned(stack: CanaryStack, seen: Observation, worker: TargetProcess, name: str, load: dict[str, Any]) -> bool:
    """Whether the worker consumes again by itself; it is started again where it does not."""
    up = time.monotonic()
    back = stack.probe(name, _BACK_SECONDS)
    seen.values.setdefault("loads", []).append(load)
    if back is not None and not worker.ending():
        load["back"] = round(time.monotonic() - up, 2)
        seen.back_seconds = max(seen.back_seconds or 0.0, load["back"])
        seen.note(f"le worker consomme de nouveau après {french_seconds(load['back'])}")
        return True
    seen.worker_died = with_reason(worker.ending(), worker.complaint()) if worker.ending() else ""
    seen.back_seconds, seen.values["died_with"] = None, load["slots"]
    seen.note(f"le worker s'est arrêté ({seen.worker_died})" if seen.worker_died else "le worker ne consomme plus")
    stack.stop(worker, 0.0)
    restart(stack, seen)
    return False


def _account(seen: Observation, fates: dict[str, Fate]) -> None:
    if fates:
        tally(seen, fates)
        tell(seen)
