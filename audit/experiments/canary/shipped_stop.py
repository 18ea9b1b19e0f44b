"""How the target's own files stop its worker, as the canary plays it."""

import shlex
from collections.abc import Sequence
from typing import Any

from audit.model.facts import Process
from audit.model.stops import Receives, Stop
from audit.model.target_facts import TargetFacts

DOCKER_SECONDS = 10.0


def shipped_stop(known: TargetFacts) -> dict[str, Any]:
    """Signal, grace and reach of the first stop that an orchestrator's file tells; Docker's ten seconds where none does."""
    worker, told = _first_told(known.workers)
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
        "entry": _entry(known, worker, told),
        "time_limit": _seconds(worker.options.get("time-limit", "")) if worker else None,
    }


def _entry(known: TargetFacts, worker: Process | None, told: Stop) -> dict[str, Any]:
    """The command of the shipped file and the scripts that it comes through, with their text; empty where there are none."""
    entry = told.entry
    if worker is None or entry is None:
        return {}
    files = {path: known.target.root / path for path in entry.scripts}
    if not all(file.is_file() for file in files.values()):
        return {}
    shown = shlex.join(entry.words)
    names = " puis ".join(f"`{path}`" for path in entry.scripts) or f"`{shown[:60]}{'…' if len(shown) > 60 else ''}`"
    return {
        "words": list(entry.words),
        "scripts": {path: file.read_text(encoding="utf-8", errors="replace") for path, file in files.items()},
        "first": entry.first,
        "variables": dict(worker.environment),
        "told": names,
    }


def _first_told(workers: Sequence[Process]) -> tuple[Process | None, Stop]:
    """An image's own command says less than the service, the unit or the program that starts it."""
    stops = [(worker, stop) for worker in workers for stop in worker.stops]
    told = [(worker, stop) for worker, stop in stops if stop.by]
    first = next(iter(told or stops), None)
    return first or (workers[0] if workers else None, Stop("", Receives.MAIN, remapped=None))


def _seconds(text: str) -> float | None:
    return float(text) if text.isdecimal() else None
