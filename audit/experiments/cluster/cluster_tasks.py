"""The tasks that the cluster's worker executes: they tell each execution on the standard error, which every node keeps as its log.

Copied into the worker, where nothing of the harness is installed: it imports Celery and the standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from celery import shared_task

# Imported by the main process, before it forks its children.
_MAIN_PID = os.getpid()
_MOST_NAMES = 20


def _tell(**event: object) -> None:
    os.write(2, f"\naudit-canary {json.dumps(event)}\n".encode())


def _number() -> int:
    return int.from_bytes(os.urandom(6), "big")


@shared_task(name="_audit_cluster.hold", rate_limit=0)  # type: ignore[untyped-decorator]
def hold(key: str, seconds: float) -> None:
    """Tell the start, wait, tell the end; each execution has a number of its own."""
    run = _number()
    _tell(event="start", id=key, run=run, pid=os.getpid(), child=os.getpid() != _MAIN_PID)
    time.sleep(seconds)
    _tell(event="end", id=key, run=run)


@shared_task(name="_audit_cluster.identify", bind=True, rate_limit=0)  # type: ignore[untyped-decorator]
def identify(self: Any, key: str) -> None:
    """Tell which application this worker runs, where that is written, and its delivery settings."""
    settings = _settings(self.app, hold)
    _tell(event="identity", id=key, applications=_applications(self.app), settings=settings)


def _applications(app: Any) -> list[list[str]]:
    """[`module:name`, SHA-256 of the module's file] for each name under which this application is found."""
    found = []
    for module_name, module in list(sys.modules.items()):
        names = [name for name, value in list(vars(module).items()) if value is app] if module else []
        found += [[f"{module_name}:{name}", _digest(module)] for name in names]
    return sorted(found)[:_MOST_NAMES]


def _digest(module: Any) -> str:
    try:
        return hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest()
    except (OSError, AttributeError):
        return ""


def _settings(app: Any, task: Any) -> dict[str, Any]:
    conf = app.conf
    own = [t for name, t in app.tasks.items() if not name.startswith(("_audit_cluster.", "celery."))]
    limits = [t.time_limit or conf.task_time_limit for t in own] or [conf.task_time_limit]
    with app.connection_for_read() as connection:
        kind = str(connection.transport.driver_type)
        visibility = getattr(connection.default_channel, "visibility_timeout", None)
    return {
        "broker": kind,
        "acks_late": bool(task.acks_late),
        "reject_on_worker_lost": bool(task.reject_on_worker_lost),
        "visibility_timeout": visibility,
        "longest_task": None if None in limits or 0 in limits else float(max(limits)),
        "soft_shutdown": conf.get("worker_soft_shutdown_timeout") or 0.0,
        "max_tasks_per_child": conf.worker_max_tasks_per_child,
        "max_memory_per_child": conf.worker_max_memory_per_child,
        "prefetch_multiplier": conf.worker_prefetch_multiplier,
    }
