"""The scenarios of the canary, each on the target's own worker, in the order in which they are played."""

import signal
import time

from audit.experiments.canary.broker_faults import broker_emptied, broker_frozen, connections_cut
from audit.experiments.canary.broker_scenario import broker_restarted
from audit.experiments.canary.canary_stack import LONGEST_VISIBILITY_SECONDS, CanaryStack, tally
from audit.experiments.canary.chord_scenario import chord_part_killed
from audit.experiments.canary.delay_scenario import delayed
from audit.experiments.canary.execution_ledger import Fate
from audit.experiments.canary.in_flight import hold_in_flight, participle, restart, tell
from audit.experiments.canary.poison_scenario import poisoned
from audit.experiments.canary.reserve_scenario import reserved
from audit.experiments.canary.running_worker import asked
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.stop_scenario import terminated
from audit.experiments.canary.target_processes import PACE_SECONDS
from audit.experiments.process_faults import Kill, gone
from audit.experiments.waiting import wait_until
from audit.french.typography import counted, french_seconds

_QUICK = 12
_POOL_CHECK_SECONDS = 7.0
_RETRY_SECONDS = 15.0


def ordinary(stack: CanaryStack, seen: Observation) -> None:
    """Nothing fails: every message is executed once, whatever the pool does with its children."""
    worker = stack.worker or stack.boot()
    gate = stack.gate("ordinary")
    gate.touch()
    keys = stack.send("ordinaire", _QUICK, gate)
    tally(seen, stack.settle(keys, 20.0, quiet_seconds=1.0))
    _pace(stack, seen)
    pids = {event.pid for event in stack.starts(keys)} - {worker.pid}
    seen.values |= {"children": len(pids), "pool": stack.pool, "concurrency": stack.concurrency}
    seen.note(f"{counted(_QUICK, 'message')} sans faute : {seen.executed} {participle(seen.executed, 'exécuté')}")


def _pace(stack: CanaryStack, seen: Observation) -> None:
    """Where the target gives its tasks a pace: how many of a task's messages start in a few seconds at that pace."""
    if not stack.settings.get("rate_limit"):
        return
    keys = stack.send("cadence", _QUICK, stack.gate("pace"), task="paced")
    wait_until(lambda: len(stack.starts(keys)) >= _QUICK, PACE_SECONDS)
    seen.values |= {"paced": len(stack.starts(keys)), "paced_sent": _QUICK, "paced_seconds": PACE_SECONDS}
    if stack.worker is not None:
        # It holds messages that wait for their turn, and would execute nothing else.
        stack.stop(stack.worker, 0.0)
        stack.boot()
    seen.note(
        f"à la cadence de la cible (`{stack.settings['rate_limit']}`), {counted(seen.values['paced'], 'message')} sur {_QUICK} "
        f"en {french_seconds(PACE_SECONDS)} ; le canari se donne ensuite la sienne"
    )


def child_killed(stack: CanaryStack, seen: Observation) -> None:
    """SIGKILL of a pool's child in mid-task."""
    worker = stack.worker or stack.boot()
    gate = stack.gate("child")
    keys = hold_in_flight(stack, seen, "child")
    victim = stack.starts(keys)[0] if keys else None
    if victim is None or victim.pid == worker.pid:
        seen.not_played = (
            seen.not_played or "ce worker n'a pas d'enfants : ses tâches s'exécutent dans son processus principal"
        )
        gate.touch()
        return
    Kill(victim.pid).strike()
    struck = time.monotonic()
    seen.note(f"SIGKILL : enfant du worker, {counted(len(keys), 'tâche')} en vol, dont une dans le processus tué")

    def decided() -> bool:
        again = [e for e in stack.starts([victim.id]) if e.pid != victim.pid]
        if again:
            seen.back_seconds = round(again[0].at - struck, 2)
        return bool(again)

    # The pool looks for dead children every five seconds, and a retry on a lost worker (5.7) comes seconds later: before, what
    # the broker still holds is not lost. What it holds no more, nothing else gives back.
    retried = bool(stack.settings.get("retry_on_worker_lost"))
    wait_until(
        lambda: decided() or (not retried and stack.fates([victim.id])[victim.id] is Fate.LOST),
        _RETRY_SECONDS if retried else _POOL_CHECK_SECONDS,
        0.1,
    )
    gate.touch()
    tally(seen, stack.settle(keys, 6.0))
    decided()
    if seen.back_seconds is not None:
        seen.note(f"la tâche du processus tué recommence après {french_seconds(seen.back_seconds)}")
    tell(seen)


def main_killed(stack: CanaryStack, seen: Observation) -> None:
    """SIGKILL of the main process; nobody restarts it but the audit."""
    worker = stack.worker or stack.boot()
    gate = stack.gate("main")
    keys = hold_in_flight(stack, seen, "main", more=4)
    if not keys:
        gate.touch()
        return
    children = {event.pid for event in stack.starts(keys)} - {worker.pid}
    worker.signal(signal.SIGKILL)
    worker.process.wait()
    seen.note(
        f"SIGKILL : processus principal du worker, {counted(seen.in_flight, 'tâche')} en vol, {len(keys) - seen.in_flight} en attente"
    )
    dead = wait_until(lambda: all(gone(pid) for pid in children), 8.0)
    seen.values["orphans"] = 0 if dead else sum(not gone(pid) for pid in children)
    gate.touch()
    restart(stack, seen)
    visibility = stack.settings["visibility_timeout"]
    soon = bool(visibility) and visibility <= LONGEST_VISIBILITY_SECONDS
    tally(seen, stack.settle(keys, 6.0 + (visibility if soon else 0.0), orphaned=True))
    tell(seen)


SCENARIOS = {
    "canary-ordinary": ordinary,
    "canary-asked": asked,
    "canary-child-killed": child_killed,
    "canary-sigterm": terminated,
    "canary-main-killed": main_killed,
    "canary-broker-restarted": broker_restarted,
    # No requirement is decided by those that follow: the time may run out.
    "canary-reserved": reserved,
    "canary-delayed": delayed,
    "canary-chord": chord_part_killed,
    "canary-connections-cut": connections_cut,
    "canary-broker-frozen": broker_frozen,
    "canary-broker-emptied": broker_emptied,
    "canary-poison": poisoned,
}
