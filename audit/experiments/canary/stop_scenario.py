"""SIGTERM under load as the shipped files send it: with tasks that end in time, then with tasks that outlast the grace."""

import signal
import time
from typing import Any

from audit.experiments.canary.canary_stack import CanaryStack, tally
from audit.experiments.canary.execution_ledger import Fate
from audit.experiments.canary.in_flight import hold_in_flight, restart, tell
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.target_processes import TargetError
from audit.experiments.waiting import wait_until
from audit.french.typography import counted, french_seconds

# Nothing changes in a warm shutdown between these seconds and a longer grace, except that tasks may end.
LONGEST_GRACE_SECONDS = 8.0
LONGEST_SOFT_SECONDS = 30.0
WITHOUT_END = 86400.0
_DEAF_SECONDS = 8.0
_CONSUMES_SECONDS = 4.0


def terminated(stack: CanaryStack, seen: Observation, patience_seconds: float = 20.0) -> None:
    """Both parts; the second only where a task of the target may outlast the grace."""
    _start_as_shipped(stack, seen)
    try:
        _play(stack, seen, patience_seconds)
    finally:
        if stack.through:
            # Only stops depend on how the worker was started.
            stack.through, stack.shaken = {}, True


def _start_as_shipped(stack: CanaryStack, seen: Observation) -> None:
    """Start the worker through the shipped scripts where there are some; what was said of their signals is read only, otherwise."""
    entry = stack.stopped_by.get("entry")
    if not entry:
        return
    if stack.worker is not None:
        stack.stop(stack.worker, 0.0)
    stack.through = entry
    try:
        worker = stack.boot()
    except TargetError as error:
        stack.through = {}
        seen.values["entry_failed"] = str(error).rstrip(".")
        seen.note(f"le worker ne démarre pas par {entry['told']} : relancé sans")
        stack.boot()
        return
    seen.values["through"] = entry["told"]
    seen.note(f"worker démarré par {entry['told']}, pid {worker.pid}")


def _play(stack: CanaryStack, seen: Observation, patience_seconds: float) -> None:
    # Settled together at the end: what the first part did is still seen then.
    keys: list[str] = []
    # A soft shutdown waits its whole time, whatever the tasks do: a long one is played once, with tasks that outlast it.
    heard = _soft(stack) > LONGEST_GRACE_SECONDS or _ends_in_time(stack, seen, patience_seconds, keys)
    longest = _longest_task(stack)
    grace = _grace(stack.stopped_by)
    if not heard:
        pass
    elif grace < WITHOUT_END and (longest is None or longest >= grace or _soft(stack) > LONGEST_GRACE_SECONDS):
        _cut(stack, seen, keys)
    else:
        seen.values |= {"within": longest, "grace": grace}
    if keys:
        fates = stack.settle(keys, 8.0, orphaned=True)
        running = seen.values.pop("running", [])
        starts = [event.id for event in stack.starts(running)]
        seen.values["cut_early"] = sum(starts.count(key) > 1 or fates[key] is Fate.LOST for key in running)
        tally(seen, fates)
        tell(seen)


def _longest_task(stack: CanaryStack) -> float | None:
    """The longest that a task of the target may run, in seconds; None without a limit."""
    longest = stack.settings.get("longest_task")
    return stack.stopped_by.get("time_limit") if longest is None else float(longest)


def _soft(stack: CanaryStack) -> float:
    return float(stack.settings.get("soft_shutdown") or 0.0) if stack.stopped_by["soft"] else 0.0


def _grace(stop: Any) -> float:
    return float(stop["grace"])


def _strike(stack: CanaryStack, seen: Observation, keys: list[str]) -> float:
    stop = stack.stopped_by
    number = signal.Signals[f"SIG{stop['signal']}"]
    worker = stack.worker
    assert worker is not None  # noqa: S101  its tasks are in flight
    if stop["group"]:
        worker.signal_group(number)
    else:
        worker.signal(number)
    whom = "groupe de processus du worker" if stop["group"] else "processus principal du worker"
    if stack.through:
        whom = f"{'tout ce que lance' if stop['group'] else 'ce que lance'} {stack.through['told']}"
    seen.note(
        f"{number.name} : {whom}, {counted(seen.in_flight, 'tâche')} en vol, {len(keys) - seen.in_flight} en attente"
    )
    return time.monotonic()


def _ends_in_time(stack: CanaryStack, seen: Observation, patience_seconds: float, sent: list[str]) -> bool:
    worker = stack.worker or stack.boot()
    gate = stack.gate("term")
    keys = hold_in_flight(stack, seen, "term", 4)
    if not keys:
        gate.touch()
        return False
    struck = _strike(stack, seen, keys)
    early = wait_until(worker.ending, 1.0)
    gate.touch()
    # Where the reading says that nobody hears it, the queue that goes on being executed shows it soon.
    deaf = stack.through and not stack.stopped_by["reaches"]
    if wait_until(worker.ending, min(patience_seconds, _DEAF_SECONDS) if deaf else patience_seconds):
        seen.values["stop_seconds"] = round(time.monotonic() - struck, 2)
        before = " avant la fin des tâches en vol" if early else ""
        seen.values["early"] = early
        seen.note(f"le worker s'est arrêté{before} ({worker.ending()})")
    else:
        # In a warm shutdown it takes no message any more.
        seen.values["went_on"] = len({event.id for event in stack.starts(keys[seen.in_flight :])})
        seen.values["consumes_on"] = stack.probe("term-apres", _CONSUMES_SECONDS) is not None
        seen.note(
            f"le worker ne s'arrête pas, et a exécuté {counted(seen.values['went_on'], 'message')} en attente : SIGKILL"
        )
        stack.stop(worker, 0.0)
    restart(stack, seen)
    sent += keys
    seen.values["running"] = keys[: seen.in_flight]
    # A signal that reaches nobody cuts nothing more in a second part.
    return not (seen.values.get("consumes_on") and stack.through)


def _cut(stack: CanaryStack, seen: Observation, sent: list[str]) -> None:
    """The gate stays shut until SIGKILL, or until a soft shutdown has given the messages back."""
    stop, worker = stack.stopped_by, stack.worker or stack.boot()
    soft, grace = _soft(stack), _grace(stop)
    if min(grace, soft) > LONGEST_SOFT_SECONDS:
        seen.values["not_waited"] = soft
        return
    patience = min(grace, soft + LONGEST_GRACE_SECONDS) if stop["soft"] else min(grace, LONGEST_GRACE_SECONDS)
    gate = stack.gate("cut")
    keys = hold_in_flight(stack, seen, "cut", 4)
    if not keys:
        return
    struck = _strike(stack, seen, keys)
    stopped = wait_until(worker.ending, patience)
    after = time.monotonic() - struck
    if not stopped:
        worker.signal_group(signal.SIGKILL)
        worker.process.wait()
    if stopped and soft > LONGEST_GRACE_SECONDS:
        seen.values.setdefault("stop_seconds", round(after, 2))
    executed = len([f for f in stack.fates(keys).values() if f in {Fate.DONE, Fate.TWICE}])
    held = stack.server.held()
    queued, unacked = (held.queued_among(keys), held.unacked_among(keys)) if held else (0, 0)
    seen.values["cut"] = {
        "by_itself": stopped,
        "seconds": round(after, 2),
        "grace": grace,
        "sent": len(keys),
        "executed": executed,
        "queued": queued,
        "unacked": unacked,
    }
    how = "le worker s'est arrêté de lui-même" if stopped else "SIGKILL"
    seen.note(
        f"tâches plus longues que le délai de grâce : {how} après {french_seconds(round(after, 1))} ; file : {queued}, non "
        f"acquittés : {unacked}, exécutés : {executed}, sur {counted(len(keys), 'message')}"
    )
    gate.touch()
    restart(stack, seen)
    sent += keys
