"""Journals of soaks for the tests: one that establishes, and changes to it."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audit.experiments.laboratory.fault_catalogue import CLASSES, CRASH_POINTS

DIGEST = "a" * 64
Change = Callable[[dict[str, Any]], None]


def strike(fault: str, *, drawn: bool = False, recovery: float | None = 3.0) -> dict[str, Any]:
    empty: dict[str, Any] = {kind: [] for kind in ("lost", "duplicated", "uncertain", "wrong")}
    told = {"fault": fault, "title": fault, "drawn": drawn, "at": 3_500.0, "in_flight": 4, "keys": 10, "struck": True}
    return told | {"why": "", "recovery": recovery} | empty


def account(expected: int) -> dict[str, Any]:
    kinds: dict[str, Any] = {kind: [] for kind in ("lost", "duplicated", "unexpected", "uncertain")}
    return {"expected": expected, "accepted": expected} | kinds


def sound() -> dict[str, Any]:
    """As large and clean as it must be."""
    strikes = [strike(f.id) for f in CRASH_POINTS for _ in range(10)]
    strikes += [strike(f.id) for f in CLASSES for _ in range(4)]
    strikes += [strike("kill-main", drawn=True) for _ in range(100)]
    strikes = [one | {"at": 8.0 * n} for n, one in enumerate(strikes)]
    return {
        "format": "soak/1",
        "session": "soak",
        "tool": {"name": "checkpoint-audit", "version": "0"},
        "target": {"name": "pile", "digest": DIGEST},
        "generated_at": "2026-01-02T03:04:05+00:00",
        "host": "Linux",
        "command": "audit soak .",
        "seed": 7,
        "duration_seconds": 4000.0,
        "conditions": [],
        "schedule": "kill-main:4",
        "strikes": strikes,
        "sends": account(12_000),
        "webhooks": account(100),
        "settled": True,
        "availability": {
            "probes": 4000,
            "in_time": 4000,
            "deadline_seconds": 15.0,
            "crashes": 6,
            "period_seconds": 60.0,
            "elapsed_seconds": 360.0,
            "workers": 2,
        },
    }


def written(folder: Path, change: Change = lambda _: None) -> Path:
    """The sound journal, changed, in a file."""
    document = copy.deepcopy(sound())
    change(document)
    path = folder / "soak.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
