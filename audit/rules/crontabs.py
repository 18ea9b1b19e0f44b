"""What a crontab of beat means: how often it fires, at what hour of the day, in which time zone."""

import re
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from audit.french.typography import french_duration
from audit.model.facts import BeatEntry
from audit.model.target_facts import TargetFacts

_DAY = 24 * 60


def frequency(entry: BeatEntry, zone: str = "UTC") -> str:
    """How often an entry runs, in French: « 2 min », « 00:00 UTC », or its crontab. `zone` is the one crontabs are in."""
    if entry.seconds is not None:
        return french_duration(entry.seconds)
    times = daily_times(entry.crontab)
    seconds = crontab_seconds(entry.crontab)
    if len(times) == 1:
        return f"{times[0] // 60:02}:{times[0] % 60:02} {zone}"
    return french_duration(seconds) if seconds else f"crontab `{entry.crontab}`"


def daily_times(crontab: str) -> tuple[int, ...]:
    """Minutes of the day at which a crontab of every day fires; empty when it is not of every day, or not understood."""
    fields = crontab.split()
    if len(fields) != 5 or fields[2:] != ["*", "*", "*"]:
        return ()
    minutes, hours = _values(fields[0], 60), _values(fields[1], 24)
    return tuple(sorted(hour * 60 + minute for hour in hours for minute in minutes))


def crontab_seconds(crontab: str) -> float | None:
    """Seconds between two firings of a crontab that fires at equal intervals, day after day; None for another."""
    times = daily_times(crontab)
    gaps = {after - before for before, after in pairwise([*times, *(t + _DAY for t in times[:1])])}
    return 60.0 * gaps.pop() if len(gaps) == 1 else None


def _values(field: str, size: int) -> frozenset[int]:
    """What a field such as `*/5`, `0,30` or `8-18/2` names; empty when it is not understood."""
    found: set[int] = set()
    for part in field.split(","):
        match = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?", part)
        if not match or (match[3] and match[1] and not match[2]):
            return frozenset()
        first = int(match[1] or 0)
        last = int(match[2] or first) if match[1] else size - 1
        if not first <= last < size:
            return frozenset()
        found |= set(range(first, last + 1, int(match[3] or 1)))
    return frozenset(found)


def crontab_zone(known: TargetFacts) -> str:
    """Time zone that beat reads crontabs in, as the strongest probe knows it; empty when it cannot be told."""
    zone = next((s.value for s, _ in known.setting("timezone")), None)
    if zone:
        return zone if isinstance(zone, str) else ""
    if not known.probes or (zone is None and "*" in known.probes[0].settings):
        return ""
    # Without a zone Celery takes the machine's, unless told to keep to UTC, as it does by default.
    return "UTC" if next((s.value for s, _ in known.setting("enable_utc")), True) is True else ""


def same_as_utc(zone: str) -> bool | None:
    """Whether this zone keeps to UTC all year; None for a zone that this machine does not know."""
    if zone.upper() == "UTC":
        return True
    try:
        year = [datetime(2025, month, 1, tzinfo=ZoneInfo(zone)) for month in range(1, 13)]
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return not any(day.utcoffset() for day in year)
