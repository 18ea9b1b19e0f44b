"""The broker dies and comes back with its data, while the worker has free slots, then fewer, then none."""

import time
from typing import Any

from audit.experiments.canary.canary_stack import CanaryStack, tally
from audit.experiments.canary.execution_ledger import Fate
from audit.experiments.canary.in_flight import MOST_IN_FLIGHT, hold_in_flight, restart, tell, told_slots, with_reason
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.waiting import wait_until
from audit.french.typography import counted, french_seconds

_BROKER_DOWN_SECONDS = 1.5
# RabbitMQ writes what is not confirmed when the queue rests: a kill before that tests the publisher, not the worker.
_REST_SECONDS = 1.5
_BACK_SECONDS = 30.0
_RECONNECTED_SECONDS = 4.0


def loads(concurrency: int) -> list[int]:
    """How many slots are busy in each part: one, half of them, every one (`MOST_IN_FLIGHT` at most)."""
    full = min(concurrency, MOST_IN_FLIGHT)
    return sorted({1, max(1, full // 2), full})


def broker_restarted(stack: CanaryStack, seen: Observation) -> None:
    """Each load in turn, until one kills the worker."""
    fates: dict[str, Fate] = {}
    seen.values["loads"] = []
    for busy in loads(stack.concurrency):
        if not _one_restart(stack, seen, busy, fates):
            break
    if fates:
        tally(seen, fates)
        tell(seen)


def _one_restart(stack: CanaryStack, seen: Observation, busy: int, fates: dict[str, Fate]) -> bool:
    """Play one load; False where nothing more is to be played."""
    worker = stack.steady()
    gate = stack.gate(f"broker-{busy}")
    waiting = 4 if busy >= stack.concurrency else 0
    keys = hold_in_flight(stack, seen, f"broker-{busy}", waiting, busy)
    if not keys:
        gate.touch()
        return False
    if stack.settings.get("broker") == "amqp":
        time.sleep(_REST_SECONDS)
    slots = told_slots(busy, stack.concurrency)
    stack.shaken = True
    stack.server.kill()
    seen.note(f"SIGKILL : broker, {counted(busy, 'tâche')} en vol, {slots}, {waiting} en attente")
    gate.touch()
    wait_until(worker.ending, _BROKER_DOWN_SECONDS)
    if not stack.server.start():
        seen.not_played = "le serveur privé n'a pas redémarré"
        return False
    up = time.monotonic()
    seen.note("broker de nouveau joignable, données intactes ; les tâches en vol ont fini pendant la coupure")
    back = stack.probe(f"broker-{busy}", _BACK_SECONDS)
    load: dict[str, Any] = {"busy": busy, "slots": slots, "back": None}
    seen.values["loads"].append(load)
    if back is None or worker.ending():
        seen.worker_died, seen.back_seconds = with_reason(worker.ending(), worker.complaint()), None
        seen.values["died_with"] = slots
        if not worker.ending():
            seen.worker_died = ""
        seen.note(f"le worker s'est arrêté ({seen.worker_died})" if seen.worker_died else "le worker ne consomme plus")
        stack.stop(worker)
        restart(stack, seen)
    else:
        load["back"] = round(time.monotonic() - up, 2)
        seen.back_seconds = max(seen.back_seconds or 0.0, round(time.monotonic() - up, 2))
        seen.note(f"le worker consomme de nouveau {french_seconds(load['back'])} après le retour du broker")
    # What the cut connection had received comes back with its successor, or waits for `visibility_timeout`.
    fates.update(stack.settle(keys, 8.0, _RECONNECTED_SECONDS, orphaned=True))
    return seen.back_seconds is not None
