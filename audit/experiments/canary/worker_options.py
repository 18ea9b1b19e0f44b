"""The options with which the target's own files start its worker, without those that name places or other programs."""

import re
from collections.abc import Sequence

from audit.model.facts import Process

# Not `queues`: the canary has its own. Not `beat`, `logfile`, `pidfile`, `hostname`, `detach`, `uid`, `events` …
_KEPT = (
    *("concurrency", "pool", "prefetch-multiplier", "max-tasks-per-child", "max-memory-per-child", "optimization"),
    *("autoscale", "time-limit", "soft-time-limit", "without-gossip", "without-mingle", "without-heartbeat"),
)
_PLAIN = re.compile(r"[A-Za-z0-9_.,-]*")


def worker_options(workers: Sequence[Process]) -> tuple[list[str], str]:
    """Arguments for `celery worker` from the first worker found, and the file they come from; what no file says is not set."""
    if not workers:
        return [], ""
    first = workers[0]
    options: list[str] = []
    for name in _KEPT:
        value = first.options.get(name)
        if value is not None and _PLAIN.fullmatch(value):
            options.append(f"--{name}={value}" if value else f"--{name}")
    return options, first.excerpt.path
