"""How the target's own files stop its worker, as the canary plays it."""

from typing import Any

from audit.model.stops import Receives, Stop
from audit.model.target_facts import TargetFacts

DOCKER_SECONDS = 10.0


def shipped_stop(known: TargetFacts) -> dict[str, Any]:
    """Signal, grace and reach of the first stop that a file tells; Docker's ten seconds to the main process where none does."""
    worker = known.workers[0] if known.workers else None
    stop = next((s for s in worker.stops if s.by), worker.stops[0] if worker.stops else None) if worker else None
    told = stop or Stop("", Receives.MAIN)
    grace = told.grace if told.grace is not None else DOCKER_SECONDS
    return {
        "by": told.by,
        "path": worker.excerpt.path if worker and told.by else "",
        "why": told.why if told.receives in {Receives.NOBODY, Receives.UNKNOWN} else "",
        "reaches": told.receives is not Receives.NOBODY,
        "group": told.receives is Receives.GROUP,
        "grace": min(grace, 86400.0),
        "grace_told": told.grace is not None and bool(told.by),
        "signal": told.signal if told.signal in {"TERM", "QUIT", "INT"} else "TERM",
        "soft": bool(told.is_soft),
        "remapped": told.remapped,
        "time_limit": _seconds(worker.options.get("time-limit", "")) if worker else None,
    }


def _seconds(text: str) -> float | None:
    return float(text) if text.isdecimal() else None
