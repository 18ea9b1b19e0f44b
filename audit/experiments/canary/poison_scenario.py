"""A message that kills each process it meets: how often it is delivered again."""

import math
import time

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
    wait_until(lambda: worker.ending() or len(stack.starts(keys)) >= enough, stack.watch_seconds)
    deliveries, seconds = len(stack.starts(keys)), min(stack.watch_seconds, round(time.monotonic() - sent, 1))
    seen.values |= {"deliveries": deliveries, "seconds": seconds}
    seen.note(f"un message qui tue (SIGKILL) le processus qui l'exécute : {counted(deliveries, 'livraison')}")
    gate.touch()
    # A watch without a delivery for so long has seen all that the pool could give back.
    began = stack.starts(keys)
    watched = bool(began) and time.monotonic() - began[-1].at > _POOL_CHECK_SECONDS
    fates = stack.fates(keys) if watched else {}
    if Fate.LOST not in fates.values():
        fates = stack.settle(keys, 8.0)
    # Lost is what it had to be: each of its executions died.
    tally(seen, {key: Fate.DONE if found is Fate.LOST else found for key, found in fates.items()})
    seen.values["given_up"] = fates[keys[0]] is Fate.LOST
    if worker.ending():
        seen.worker_died = worker.ending()
        seen.note(f"le worker s'est arrêté ({seen.worker_died})")
