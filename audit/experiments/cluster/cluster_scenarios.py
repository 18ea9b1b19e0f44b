"""The scenarios on a cluster, under the names of the canary's questions, in the order in which they are played."""

import time
from typing import Any

from audit.experiments.canary.broker_scenario import loads
from audit.experiments.canary.canary_stack import tally
from audit.experiments.canary.execution_ledger import Fate
from audit.experiments.canary.in_flight import MOST_IN_FLIGHT, tell, told_slots, wait_until_at_rest
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.cluster.cluster_stack import HOLD_SECONDS, ClusterError, ClusterStack
from audit.experiments.waiting import wait_until
from audit.french.typography import counted, french_seconds

_QUICK = 12
_BEHIND_SECONDS = 0.2
_STOP_SECONDS = 30.0
_BACK_SECONDS = 30.0
_BROKER_DOWN_SECONDS = 1.5


def ordinary(stack: ClusterStack, seen: Observation) -> None:
    """Nothing fails: every message is executed once."""
    keys = stack.send("ordinaire", _QUICK, 0.0)
    tally(seen, stack.settle(keys, 20.0, quiet_seconds=1.0))
    children = {told["pid"] for told in stack.log.starts(keys)}
    seen.values |= {"children": len(children), "concurrency": stack.concurrency, "pool": stack.pool}
    tell(seen)


def _in_flight(
    stack: ClusterStack, seen: Observation, prefix: str, more: int = 0, busy: int | None = None
) -> list[str]:
    busy = min(stack.concurrency, MOST_IN_FLIGHT) if busy is None else busy
    keys = stack.send(prefix, busy, HOLD_SECONDS)
    if not wait_until(lambda: len(stack.log.starts(keys)) >= busy, 10.0, 0.1):
        raise ClusterError("aucune tâche n'était en vol quand la faute devait être injectée")
    seen.in_flight = busy
    if more:
        keys += stack.send(f"{prefix}-file", more, _BEHIND_SECONDS)
        wait_until_at_rest(stack.held)
    return keys


def _restart(stack: ClusterStack, seen: Observation) -> None:
    began = time.monotonic()
    try:
        stack.worker.restart()
    except Exception as error:  # the library of the node has its own
        raise ClusterError(f"le worker n'a pas redémarré ({type(error).__name__})") from error
    if not stack.probe(_BACK_SECONDS):
        raise ClusterError("le worker relancé ne consomme pas")
    seen.values["boot_seconds"] = round(time.monotonic() - began, 2)
    seen.note(f"worker relancé par l'audit : il consomme après {french_seconds(seen.values['boot_seconds'])}")


def child_killed(stack: ClusterStack, seen: Observation) -> None:
    """SIGKILL of a pool's child in mid-task."""
    keys = _in_flight(stack, seen, "enfant")
    victim = stack.log.starts(keys)[0]
    if not victim["child"]:
        raise ClusterError("ce worker n'a pas d'enfants : ses tâches s'exécutent dans son processus principal")
    if not stack.kill_process(int(victim["pid"])):
        raise ClusterError("le nœud du worker ne permet pas de tuer un de ses processus")
    stack.log.bury([victim["run"]])
    struck = time.monotonic()
    seen.note(f"SIGKILL : enfant du worker, {counted(len(keys), 'tâche')} en vol, dont une dans le processus tué")

    def again() -> bool:
        others = [told for told in stack.log.starts([victim["id"]]) if told["run"] != victim["run"]]
        if others:
            seen.back_seconds = round(others[0]["at"] - struck, 2)
        return bool(others)

    # The pool looks for dead children every five seconds.
    wait_until(lambda: again() or stack.settle([victim["id"]], 2.5)[victim["id"]] is Fate.LOST, 12.0, 0.2)
    tally(seen, stack.settle(keys, HOLD_SECONDS + 8.0))
    again()
    tell(seen)


def main_killed(stack: ClusterStack, seen: Observation) -> None:
    """SIGKILL of the worker's node, started again."""
    keys = _in_flight(stack, seen, "principal", more=4)
    stack.worker.kill("SIGKILL")
    if not wait_until(stack.stopped, 10.0, 0.2):
        raise ClusterError("le nœud du worker vit encore après SIGKILL")
    stack.log.bury()
    seen.note(f"SIGKILL : worker, {counted(seen.in_flight, 'tâche')} en vol, {len(keys) - seen.in_flight} en attente")
    _restart(stack, seen)
    tally(seen, stack.settle(keys, _patience(stack)))
    tell(seen)


def terminated(stack: ClusterStack, seen: Observation) -> None:
    """SIGTERM to the main process, with tasks that end in time."""
    keys = _in_flight(stack, seen, "term", more=4)
    struck = time.monotonic()
    stack.worker.kill("SIGTERM")
    seen.note(f"SIGTERM : worker, {counted(seen.in_flight, 'tâche')} en vol, {len(keys) - seen.in_flight} en attente")
    if wait_until(stack.stopped, _STOP_SECONDS, 0.2):
        seen.values["stop_seconds"] = round(time.monotonic() - struck, 2)
        seen.note(f"le worker s'est arrêté après {french_seconds(seen.values['stop_seconds'])}")
    else:
        seen.note("le worker ne s'arrête pas : SIGKILL")
        stack.worker.kill("SIGKILL")
        wait_until(stack.stopped, 10.0, 0.2)
    stack.log.bury()
    _restart(stack, seen)
    fates = stack.settle(keys, _patience(stack))
    running = keys[: seen.in_flight]
    starts = [told["id"] for told in stack.log.starts(running)]
    seen.values["cut_early"] = sum(starts.count(key) > 1 or fates[key] is Fate.LOST for key in running)
    tally(seen, fates)
    tell(seen)


def broker_restarted(stack: ClusterStack, seen: Observation) -> None:
    """The broker dies and comes back, while the worker has free slots, then fewer, then none."""
    fates: dict[str, Fate] = {}
    seen.values["loads"] = []
    for number, busy in enumerate(loads(stack.concurrency)):
        if number:
            # A worker that lost its connection takes fewer messages for a while.
            _restart(stack, seen)
        kept = _one_restart(stack, seen, busy, fates)
        if not kept and seen.back_seconds is not None:
            raise ClusterError("le broker de ce banc ne garde pas ses données : ce que sa mort perd n'est pas jugé")
        if not kept:
            fates.clear()
        if seen.back_seconds is None:
            break
    if fates:
        tally(seen, fates)
        tell(seen)


def _one_restart(stack: ClusterStack, seen: Observation, busy: int, fates: dict[str, Fate]) -> bool:
    """Play one load; whether the broker kept its data."""
    waiting = 4 if busy >= stack.concurrency else 0
    keys = _in_flight(stack, seen, f"broker-{busy}", waiting, busy)
    stack.mark()
    slots = told_slots(busy, stack.concurrency)
    stack.broker.kill()
    seen.note(f"SIGKILL : broker, {counted(busy, 'tâche')} en vol, {slots}, {waiting} en attente")
    wait_until(stack.stopped, _BROKER_DOWN_SECONDS, 0.2)
    try:
        stack.broker.restart()
        kept = stack.kept()
    except Exception as error:  # the library of the node has its own
        raise ClusterError(f"le broker n'a pas redémarré ({type(error).__name__})") from error
    up = time.monotonic()
    seen.note(f"broker de nouveau joignable, {'données intactes' if kept else 'sans ses données'}")
    back = stack.probe(_BACK_SECONDS) and not stack.stopped()
    load: dict[str, Any] = {"busy": busy, "slots": slots, "back": round(time.monotonic() - up, 2) if back else None}
    seen.values["loads"].append(load)
    if back:
        seen.back_seconds = max(seen.back_seconds or 0.0, load["back"])
        seen.note(f"le worker consomme de nouveau {french_seconds(load['back'])} après le retour du broker")
    else:
        seen.back_seconds, seen.values["died_with"] = None, slots
        seen.worker_died = "son nœud s'est arrêté" if stack.stopped() else ""
        seen.note("le worker s'est arrêté" if seen.worker_died else "le worker ne consomme plus")
        if seen.worker_died:
            stack.log.bury()
        _restart(stack, seen)
    fates.update(stack.settle(keys, HOLD_SECONDS + 10.0))
    return kept


def _patience(stack: ClusterStack) -> float:
    visibility = stack.settings.get("visibility_timeout") or 0
    # A message redelivered runs its whole length again, and those that wait behind it.
    return 4 * HOLD_SECONDS + (visibility if visibility <= 12 else 0)


SCENARIOS = {
    "canary-ordinary": ordinary,
    "canary-child-killed": child_killed,
    "canary-sigterm": terminated,
    "canary-broker-restarted": broker_restarted,
    "canary-main-killed": main_killed,
}
