"""What scenarios share: messages held in flight, a worker started again, the account told."""

import time
from collections.abc import Callable

from audit.experiments.canary.canary_stack import CanaryStack
from audit.experiments.canary.held_messages import Held
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.target_processes import TargetError
from audit.experiments.waiting import wait_stable, wait_until
from audit.french.typography import counted, french_seconds

MOST_IN_FLIGHT = 8
_REST_SECONDS = 0.5
_REST_PATIENCE_SECONDS = 5.0


def hold_in_flight(
    stack: CanaryStack, seen: Observation, gate: str, more: int = 0, busy: int | None = None
) -> list[str]:
    """Messages whose executions wait at a closed gate, and some more behind them; none when they cannot be held there.

    `busy`: how many are in flight, every slot of the pool (`MOST_IN_FLIGHT` at most) where it is not given.
    """
    busy = min(stack.concurrency, MOST_IN_FLIGHT) if busy is None else busy
    closed = stack.gate(gate)
    keys = stack.send(gate, busy, closed)
    if not wait_until(lambda: len(stack.starts(keys)) >= busy, stack.patience_seconds):
        seen.not_played = "aucune tâche n'était en vol quand la faute devait être injectée"
        return []
    seen.in_flight = busy
    if more:
        keys += stack.send(f"{gate}-file", more, closed)
        wait_until_at_rest(stack.server.held)
    return keys


def wait_until_at_rest(held: Callable[[], Held | None]) -> None:
    """Wait until the worker takes no message.

    kombu takes a message from a list of Redis (BRPOP) and writes it into `unacked` afterwards. Where the worker dies between
    the two, it is lost whatever the settings of the target say: a fault that strikes then would blame them.
    """
    wait_stable(held, _REST_SECONDS, _REST_PATIENCE_SECONDS, 0.1)


def restart(stack: CanaryStack, seen: Observation) -> None:
    """Start the worker again, and say that it is the audit which does."""
    began = time.monotonic()
    try:
        stack.boot()
    except TargetError as error:
        seen.values["never_back"] = str(error)
        seen.note("worker relancé par l'audit : il ne redémarre pas")
        raise
    back = stack.probe(seen.scenario, 10.0)
    seen.values["boot_seconds"] = round(time.monotonic() - began, 2) if back is not None else None
    told = (
        f"il consomme après {french_seconds(seen.values['boot_seconds'])}" if back is not None else "il ne consomme pas"
    )
    seen.note(f"worker relancé par l'audit : {told}")


def with_reason(ending: str, complaint: str) -> str:
    """How a worker ended, and the error that it logged where it logged one."""
    return f"{ending} : {complaint}" if complaint else ending


def participle(count: int, word: str) -> str:
    """With the plural's « s »."""
    return f"{word}s" if count > 1 else word


def tell(seen: Observation) -> None:
    """Enter the account of the messages into the timeline."""
    parts = [
        f"{seen.executed} {participle(seen.executed, 'exécuté')}",
        f"{len(seen.lost)} {participle(len(seen.lost), 'perdu')}",
        f"{len(seen.twice)} deux fois",
        f"{len(seen.waiting)} {participle(len(seen.waiting), 'retenu')} par le broker",
    ]
    seen.note(f"sur {counted(seen.sent, 'message')} : {', '.join(parts)}")


def told_slots(busy: int, concurrency: int) -> str:
    """« 2 places libres sur 4 », or that none is."""
    free = concurrency - busy
    if free <= 0:
        return f"aucune place libre sur {concurrency}"
    return f"{free} place{'s' if free > 1 else ''} libre{'s' if free > 1 else ''} sur {concurrency}"
