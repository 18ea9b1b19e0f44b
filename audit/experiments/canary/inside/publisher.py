"""Sends canary messages as the target's own application would, and says what its delivery settings are."""

from __future__ import annotations

import json
import sys
from typing import Any

from .canary_tasks import hold
from .private_application import QUEUE
from .process_entry import begin


def main(arguments: str) -> None:
    """Report the settings, then send what each line of the standard input asks for, until it closes."""
    wanted, app, report = begin(arguments)
    app.finalize()
    task = app.tasks[hold.name]
    report.write("settings", values=_settings(app, task))
    for line in sys.stdin:
        order = json.loads(line)
        with app.connection_for_write() as connection:
            for key in order["keys"]:
                arguments_ = {
                    "ledger": wanted["ledger"],
                    "key": key,
                    "gate": order["gate"],
                    "seconds": order["seconds"],
                }
                task.apply_async(
                    kwargs=arguments_, task_id=key, queue=QUEUE, countdown=order["countdown"], connection=connection
                )
        report.write("sent", number=order["number"])


def _settings(app: Any, task: Any) -> dict[str, Any]:
    """Effective delivery settings of the canary's task in this application; times in seconds."""
    conf = app.conf
    limits = (task.soft_time_limit, task.time_limit, conf.task_soft_time_limit, conf.task_time_limit)
    with app.connection_for_read() as connection:
        visibility = getattr(connection.default_channel, "visibility_timeout", None)
    return {
        "acks_late": bool(task.acks_late),
        "reject_on_worker_lost": bool(task.reject_on_worker_lost),
        "visibility_timeout": visibility,
        "time_limit": min((n for n in limits if n), default=None),
        "always_eager": bool(conf.task_always_eager),
        "max_tasks_per_child": conf.worker_max_tasks_per_child,
        "max_memory_per_child": conf.worker_max_memory_per_child,
        "prefetch_multiplier": conf.worker_prefetch_multiplier,
        "result_backend": bool(conf.result_backend),
    }
