"""One cell measured: the canary's own enclosure, on the small target, in the release's environment."""

import json
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from audit.experiments.canary.enclosure import Request, enclosed
from audit.experiments.canary.private_broker import find_server
from audit.experiments.canary.private_rabbitmq import find_rabbitmq
from audit.experiments.canary.scenario_counts import Observation
from audit.importing.isolation import strongest_isolation
from tests.versions.cells import BROKERS, SCENARIOS, Cell
from tests.versions.environments import versions_in

_TARGET = Path(__file__).with_name("target")
_SECONDS = 300.0
# Nobody's files: Docker's ten seconds, to the main process.
_STOP = {"signal": "TERM", "group": False, "grace": 10.0, "soft": False, "reaches": True, "why": "", "time_limit": None}


def measure(cell: Cell, python: str, tell: Callable[[str], None]) -> dict[str, Any]:
    """The row of this cell: what it ran on, when, and the counts of each scenario. Raises RuntimeError where one is missing."""
    environ = {**os.environ, "BOUTIQUE_BROKER": BROKERS[cell.broker], "BOUTIQUE_ACKS": cell.acks}
    request = Request(
        python=python,
        root=str(_TARGET),
        celery_app="boutique:app",
        environ=environ,
        options=[f"--pool={cell.pool}"],
        server=find_server(),
        seconds=_SECONDS,
        scenarios=SCENARIOS[cell.pool],
        rabbitmq=find_rabbitmq(),
        stop=_STOP,
    )
    played = enclosed(request, strongest_isolation(), tell)
    if played.failure:
        raise RuntimeError(f"{cell.name}: {played.failure}")
    counts = {name: _counts(played.observations[name]) for name in SCENARIOS[cell.pool]}
    unplayed = [seen["not_played"] for seen in counts.values() if seen["not_played"]]
    if unplayed:
        raise RuntimeError(f"{cell.name}: {unplayed[0]}")
    return {
        "cell": cell.name,
        "release": cell.release,
        "broker": cell.broker,
        "pool": cell.pool,
        "acks": cell.acks,
        "versions": json.loads(versions_in(python)),
        "server": Path(request.server if cell.broker == "redis" else request.rabbitmq).name,
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "on": f"{platform.system()} {platform.release()}, {os.cpu_count()} CPU, Python {platform.python_version()}",
        "scenarios": counts,
    }


def _counts(seen: Observation) -> dict[str, Any]:
    return {
        "sent": seen.sent,
        "executed": seen.executed,
        "lost": len(seen.lost),
        "twice": len(seen.twice) + len(seen.due),
        "retained": len(seen.waiting),
        "unsettled": len(seen.unsettled),
        "back_seconds": seen.back_seconds,
        "died": seen.worker_died,
        "died_with": seen.values.get("died_with", ""),
        "boot_seconds": seen.values.get("boot_seconds"),
        "not_played": seen.not_played,
    }
