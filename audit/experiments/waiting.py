"""Waiting for a condition, never for a length of time."""

import time
from collections.abc import Callable


def wait_stable(reading: Callable[[], object], stable_seconds: float, seconds: float, interval: float = 0.2) -> bool:
    """Poll until the reading has not changed for `stable_seconds`; False after `seconds` without that."""
    last, since, deadline = reading(), time.monotonic(), time.monotonic() + seconds
    interval = min(interval, stable_seconds)
    while time.monotonic() - since < stable_seconds:
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
        now = reading()
        if now != last:
            last, since = now, time.monotonic()
    return True


def wait_until(condition: Callable[[], object], seconds: float, interval: float = 0.05) -> bool:
    """Poll until the condition is truthy; False after `seconds` without it."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True
