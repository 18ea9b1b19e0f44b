"""What was measured of Celery's releases: `measured_releases.json`, which `nox -s versions` writes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).with_name("measured_releases.json")
_BROKER = "canary-broker-restarted"


@dataclass(frozen=True)
class BrokerDeaths:
    """Of one release: how many combinations of broker, pool and acknowledgement were played, and in which the worker died."""

    release: str
    played: int
    died: tuple[str, ...]


@cache
def measured_releases() -> Mapping[str, BrokerDeaths]:
    """Every release that was played, by its number."""
    return broker_deaths(json.loads(_DATA.read_text(encoding="utf-8")))


def broker_deaths(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, BrokerDeaths]:
    """From the rows of the table: a worker that ended, or that consumed no more, when its broker died and came back."""
    found = {}
    for release in dict.fromkeys(str(row["release"]) for row in rows):
        own = [row for row in rows if row["release"] == release]
        died = [
            f"{r['broker']}/{r['pool']}/{r['acks']}" for r in own if r["scenarios"][_BROKER]["back_seconds"] is None
        ]
        found[release] = BrokerDeaths(release, len(own), tuple(died))
    return found
