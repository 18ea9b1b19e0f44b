"""Journals of soaks for the tests: one that establishes, changes to it, and the ledgers that confirm them."""

import copy
import hashlib
import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from audit.experiments.laboratory.fault_catalogue import CLASSES, CRASH_POINTS, FAULTS
from audit.experiments.laboratory.soak_history import History, SendRow, StrikeRow, WebhookRow, packed

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


def micro(seconds: float) -> int:
    return round(seconds * 1_000_000)


def history_of(document: dict[str, Any]) -> History:
    """A history that counts to what this document says, as far as there is one."""
    sends, measured = (
        document["sends"],
        document["availability"] or {"probes": 0, "in_time": 0, "deadline_seconds": 1.0},
    )
    names, rows = map("+3363{:07d}".format, count()), []
    kept = {kind: list(sends[kind]) for kind in ("lost", "duplicated", "uncertain")}
    rows += [SendRow(key, status="pending") for key in kept["lost"]]
    rows += [SendRow(key, status="unknown") for key in kept["uncertain"]]
    rows += [SendRow(key, status="sent", at=(0, 0)) for key in kept["duplicated"]]
    rows += [SendRow(key, expected=False, at=(0,)) for key in sends["unexpected"]]
    for number, one in enumerate(document["strikes"]):
        back = micro(one["at"]) + micro(one["recovery"] or 0)
        for n in range(max(one["keys"], one["in_flight"])):
            own, flying = (number,) if n < one["keys"] else (), (number,) if n < one["in_flight"] else ()
            rows.append(SendRow(next(names), status="sent", at=(0,), strikes=own, in_flight=flying))
        rows.append(SendRow(next(names), status="sent", at=(back if one["recovery"] else 0,)))
    over = micro(document["duration_seconds"])
    for n in range(measured["probes"]):
        late = n >= measured["in_time"]
        rows.append(SendRow(next(names), status="sent", at=(over + late * micro(99.0),), asked=over - 1))
    for _ in range(sends["expected"] - sum(row.expected for row in rows)):
        rows.append(SendRow(next(names), status="sent", at=(0,)))
    webhooks = document["webhooks"]
    inbound = [WebhookRow(name, True, True, 0) for name in webhooks["lost"]]
    inbound += [WebhookRow(f"FIRE{n}", True, True, 1) for n in range(webhooks["accepted"])]
    return History(
        tuple(_row(one) for one in document["strikes"]),
        tuple(rows),
        tuple(inbound),
        micro(measured["deadline_seconds"]),
    )


def _row(one: dict[str, Any]) -> StrikeRow:
    back = micro(one["recovery"]) if one["recovery"] is not None else None
    by_process = FAULTS[one["fault"]].victim in {"web", "beat"}
    return StrikeRow(
        one["fault"], True, micro(one["at"]), back is not None, back if by_process else None, tuple(one["wrong"])
    )


def written(folder: Path, change: Change = lambda _: None, *, kept: bool = False) -> Path:
    """The sound journal, changed, in a file; with the ledger that confirms it when it is to be `kept`."""
    document = copy.deepcopy(sound())
    change(document)
    return keep(folder, document, history_of(document)) if kept else _put(folder, document)


def keep(folder: Path, document: dict[str, Any], history: History) -> Path:
    """This journal, with this history as its ledger."""
    content = packed(history, document)
    (folder / "soak.ledger.jsonl.xz").write_bytes(content)
    ledger = {"file": "soak.ledger.jsonl.xz", "sha256": hashlib.sha256(content).hexdigest()}
    return _put(folder, document | {"ledger": ledger})


def _put(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / "soak.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
