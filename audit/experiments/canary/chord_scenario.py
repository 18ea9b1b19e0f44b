"""A chord of which a task of the header is killed: whether its last task still runs, and how often."""

import time

from audit.experiments.canary.canary_stack import CanaryStack, tally
from audit.experiments.canary.in_flight import tell
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.process_faults import Kill
from audit.experiments.waiting import wait_until
from audit.french.typography import counted, french_seconds

_HEADER = 2
_AGAIN_SECONDS = 7.0
_RETRY_SECONDS = 15.0


def chord_part_killed(stack: CanaryStack, seen: Observation) -> None:
    """On the target's own kind of result backend, where the canary can give it one."""
    worker = stack.steady()
    seen.values["backend"] = stack.settings.get("result_backend_kind", "")
    if replaced := stack.settings.get("result_backend_replaced"):
        seen.not_played = f"les résultats de la cible vont à `{replaced}`, que le canari ne sait pas lui donner"
        return
    gate = stack.gate("chord")
    keys, last, refused = stack.send_chord("chord", _HEADER, gate)
    if refused:
        seen.values["refused"] = refused
        seen.note(f"un chord de {_HEADER} tâches est refusé à sa publication : {refused}")
        gate.touch()
        return
    busy = min(_HEADER, stack.concurrency)
    if not wait_until(lambda: len(stack.starts(keys)) >= busy, stack.patience_seconds):
        seen.not_played = "aucune tâche n'était en vol quand la faute devait être injectée"
        gate.touch()
        return
    seen.in_flight = busy
    victim = stack.starts(keys)[0]
    if victim.pid == worker.pid:
        seen.not_played = "ce worker n'a pas d'enfants : ses tâches s'exécutent dans son processus principal"
        gate.touch()
        return
    Kill(victim.pid).strike()
    struck = time.monotonic()
    seen.note(f"SIGKILL : enfant du worker qui exécute une des {_HEADER} tâches de l'en-tête d'un chord")
    patience = _RETRY_SECONDS if stack.settings.get("retry_on_worker_lost") else _AGAIN_SECONDS
    wait_until(lambda: any(e.pid != victim.pid for e in stack.starts([victim.id])), patience, 0.1)
    gate.touch()
    tally(seen, stack.settle([*keys, last], 8.0))
    bodies = stack.starts([last])
    seen.values["bodies"] = len(bodies)
    if bodies:
        seen.back_seconds = round(bodies[0].at - struck, 2)
    seen.note(f"dernière tâche du chord : {counted(seen.values['bodies'], 'exécution')}")
    if seen.back_seconds is not None:
        seen.note(f"elle commence {french_seconds(seen.back_seconds)} après la faute")
    tell(seen)
