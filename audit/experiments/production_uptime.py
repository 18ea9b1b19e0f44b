"""Worker uptime from production's heartbeats: the time during which at least one worker gives signs of life."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from audit.experiments.evidence_files import Heartbeats
from audit.experiments.soak_reading import AIM, percent
from audit.french.typography import counted, french_seconds

SHORTEST = timedelta(days=7)
OLDEST = timedelta(days=31)


@dataclass(frozen=True)
class Uptime:
    """Shares of the window: `least` counts every silence whole, however short; `most` forgives each the time between two signs.

    `gaps` are the silences longer than that time.
    """

    seconds: float
    least: float
    most: float
    gaps: int
    longest_seconds: float


def measure(export: Heartbeats) -> Uptime:
    """Uptime over the export's last 31 days at most, for years of good days would hide weeks of death; silence at its ends counts."""
    export = recent(export)
    window = (export.end - export.start).total_seconds()
    silences = _silences(export)
    gaps = [seconds for seconds in silences if seconds > export.beat_seconds]
    surely = sum(seconds - export.beat_seconds for seconds in gaps)
    return Uptime(window, 1 - sum(silences) / window, 1 - surely / window, len(gaps), max(gaps, default=0.0))


def recent(export: Heartbeats) -> Heartbeats:
    """The part of an export that is judged."""
    start = max(export.start, export.end - OLDEST)
    alive = tuple((worker, max(first, start), last) for worker, first, last in export.alive if last >= start)
    return replace(export, start=start, alive=alive)


def _silences(export: Heartbeats) -> list[float]:
    """Seconds without any sign, in order; the workers' periods of life may overlap."""
    found, until = [], export.start
    for _, begins, ends in sorted(export.alive, key=lambda period: period[1]):
        if begins > until:
            found.append((begins - until).total_seconds())
        until = max(until, ends)
    if until < export.end:
        found.append((export.end - until).total_seconds())
    return found


def figures(export: Heartbeats, uptime: Uptime) -> Sequence[tuple[str, str]]:
    """What the report prints."""
    workers = len({worker for worker, _, _ in recent(export).alive})
    return (
        ("Export de production", f"`{export.path}`, {days(uptime.seconds)}, {counted(workers, 'worker')}"),
        (
            "Disponibilité des workers en production (temps où l'un d'eux donne signe de vie / temps écoulé)",
            f"entre {percent(uptime.least)} et {percent(uptime.most)}",
        ),
        ("Interruptions", f"{uptime.gaps}, la plus longue de {french_seconds(round(uptime.longest_seconds, 2))}"),
    )


def lacks(export: Heartbeats, uptime: Uptime, now: datetime | None = None) -> list[str]:
    """What keeps this export from establishing 99,9 %, in French."""
    missing = []
    if uptime.seconds < SHORTEST.total_seconds():
        missing.append(f"l'export couvre {days(uptime.seconds)} au lieu de {SHORTEST.days} jours")
    if (now or datetime.now(UTC)) - export.end > OLDEST:
        missing.append(f"il s'arrête il y a plus de {OLDEST.days} jours")
    if uptime.least < AIM:
        missing.append(f"il n'exclut pas une disponibilité de {percent(max(0.0, uptime.least))}")
    return missing


def days(seconds: float) -> str:
    """A length in days, as `7,5 jours`."""
    tenths = int(seconds / 8_640)
    number = f"{tenths // 10},{tenths % 10}" if tenths % 10 else f"{tenths // 10}"
    return f"{number} jour{'s' if tenths >= 20 else ''}"
