"""Any value of the target as JSON holds it: readable, bounded, and the same from one run to the next."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_MAX_TEXT = 2000
_MAX_ITEMS = 1000
_MAX_DEPTH = 8


def plain(value: Any, depth: int = 0) -> Any:
    """Nearest JSON value. Durations become seconds, queues their name, functions and classes `module:name`."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, str) or depth >= _MAX_DEPTH:
        return _shown(value)
    return _collection(value, depth)


def symbol(value: Any) -> str:
    """`module:qualified.name` of a function, method, class or partial; of its class for an instance that is called."""
    while hasattr(value, "func") and not hasattr(value, "__qualname__"):
        value = value.func
    if not hasattr(value, "__qualname__"):
        value = type(value)
    return f"{getattr(value, '__module__', '')}:{value.__qualname__}"


def crontab_text(schedule: Any) -> str:
    """A Celery crontab as `minute hour dom month dow`, the fields as they were written."""
    fields = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    return " ".join(str(getattr(schedule, f"_orig_{field}", "?")).replace(" ", "") for field in fields)


def _collection(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {_shown(key): plain(item, depth + 1) for key, item in list(value.items())[:_MAX_ITEMS]}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item, depth + 1) for item in list(value)[:_MAX_ITEMS]), key=repr)
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value[:_MAX_ITEMS]]
    return _object(value)


def _object(value: Any) -> Any:
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return int(seconds) if seconds.is_integer() else seconds
    if isinstance(value, date):
        return value.isoformat()
    if callable(value) and hasattr(value, "__qualname__"):
        return symbol(value)
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if kind == "celery.schedules.crontab":
        return crontab_text(value)
    if kind in {"kombu.entity.Queue", "kombu.entity.Exchange"}:
        return value.name
    return _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return _shortened(value)
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a stranger's __repr__
        text = f"<{symbol(value)}>"
    return without_addresses(text)


def without_addresses(text: str) -> str:
    """A `repr`, bounded, without the addresses in memory that change from one run to the next."""
    return _shortened(_ADDRESS.sub("", text))


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…"
