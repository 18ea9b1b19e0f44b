"""A delayed message, while a second worker starts: how often it is executed where its delay exceeds the visibility timeout."""

import time
from math import ceil
from typing import Any

from audit.experiments.canary.canary_stack import LONGEST_VISIBILITY_SECONDS, CanaryStack, tally
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.waiting import wait_until
from audit.french.typography import counted, french_seconds

# What a long visibility timeout becomes where the target has delays that exceed it.
_SCALED_SECONDS = 2
_ALONE_SECONDS = 3.0


def delayed(stack: CanaryStack, seen: Observation) -> None:
    """A countdown beyond the visibility timeout, at its own scale where it is short, else at a smaller one where the target has such delays."""
    worker = stack.steady()
    visibility, longest = stack.settings["visibility_timeout"], stack.longest_delay
    short = bool(visibility) and visibility <= LONGEST_VISIBILITY_SECONDS
    scaled = bool(visibility) and not short and longest > visibility
    played = visibility if short else _SCALED_SECONDS
    # The second worker must be up between the visibility timeout and the message's hour, on a busy machine too.
    countdown = float(played + max(6, ceil(3 * stack.boot_seconds))) if short or scaled else _ALONE_SECONDS
    seen.values = {
        "countdown": countdown,
        "visibility_timeout": visibility,
        "beyond": short or scaled,
        "scaled": played if scaled else None,
    }
    gate = stack.gate("delayed")
    gate.touch()
    keys = stack.send("differe", 1, gate, countdown)
    sent = time.monotonic()
    told = f", ramené à {played} s pour un délai à la même échelle" if scaled else ""
    seen.note(
        f"message différé de {french_seconds(countdown)} ; `visibility_timeout` effectif : {french_seconds(visibility)}{told}"
    )
    if short or scaled:
        wait_until(lambda: time.monotonic() - sent > played + 0.5, played + 2.0)
        second = stack.boot(visibility=_SCALED_SECONDS if scaled else None)
        seen.note("un second worker démarre, comme lors d'un déploiement")
        wait_until(lambda: len(stack.starts(keys)) > 1, countdown + 6.0 - (time.monotonic() - sent))
        tally(seen, stack.settle(keys, 4.0))
        _count(stack, seen, keys, sent)
        stack.stop(second, 0.0)
        stack.worker = worker
    else:
        wait_until(lambda: stack.starts(keys), countdown + 5.0)
        tally(seen, stack.settle(keys, 4.0))
        _count(stack, seen, keys, sent)


def _count(stack: CanaryStack, seen: Observation, keys: list[str], sent: float) -> None:
    first: list[Any] = stack.starts(keys)
    seen.values["executions"] = len(first)
    if first:
        seen.values["after_seconds"] = round(first[0].at - sent, 2)
    seen.note(f"message différé : {counted(len(first), 'exécution')}")
