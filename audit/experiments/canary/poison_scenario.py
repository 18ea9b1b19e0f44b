"""A message that kills each process it meets: how often it is delivered again."""

import math
import time
from collections.abc import Sequence

from audit.experiments.canary.canary_stack import CanaryStack, tally
from audit.experiments.canary.execution_ledger import Fate
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.waiting import wait_until
from audit.french.typography import counted

_ENOUGH = 12
_POOL_CHECK_SECONDS = 7.0


def poisoned(stack: CanaryStack, seen: Observation) -> None:
    """Only where the pool has children: elsewhere the worker itself would be the one that dies."""
    worker = stack.worker or stack.boot()
    if not stack.pool.endswith("prefork"):
        seen.not_played = "ce worker n'a pas d'enfants : un tel message tuerait son processus principal"
        return
    gate = stack.gate("poison")
    keys = stack.send("poison", 1, gate, task="poison")
    sent = time.monotonic()
    # Redis counts no delivery, and so many show that nothing else does; a quorum queue of RabbitMQ gives up after twenty.
    enough = _ENOUGH if stack.settings.get("broker") != "amqp" else math.inf

    def is_over() -> bool:
        began = stack.starts(keys)
        return bool(worker.ending()) or len(began) >= enough or _is_given_up(stack, keys)

    wait_until(is_over, stack.watch_seconds)
    deliveries, seconds = len(stack.starts(keys)), min(stack.watch_seconds, round(time.monotonic() - sent, 1))
    seen.values |= {"deliveries": deliveries, "seconds": seconds}
    seen.note(f"un message qui tue (SIGKILL) le processus qui l'exécute : {counted(deliveries, 'livraison')}")
    gate.touch()
    fates = stack.fates(keys) if _is_given_up(stack, keys) else stack.settle(keys, 8.0)
    # Lost is what it had to be: each of its executions died.
    tally(seen, {key: Fate.DONE if found is Fate.LOST else found for key, found in fates.items()})
    seen.values["given_up"] = fates[keys[0]] is Fate.LOST
    if worker.ending():
        seen.worker_died = worker.ending()
        seen.note(f"le worker s'est arrêté ({seen.worker_died})")


def _is_given_up(stack: CanaryStack, keys: Sequence[str]) -> bool:
    """Whether the broker holds it no more, for longer than the pool takes to give back what a dead child had."""
    began = stack.starts(keys)
    if not began or stack.settings.get("retry_on_worker_lost"):
        return False
    return time.monotonic() - began[-1].at > _POOL_CHECK_SECONDS and Fate.LOST in stack.fates(keys).values()
