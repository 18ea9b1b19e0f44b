"""Sends canary messages as the target's own application would, and says what its delivery settings are."""

from __future__ import annotations

import json
import sys
from typing import Any

from . import canary_tasks
from .inspection import ask
from .private_application import QUEUE
from .process_entry import begin


def main(arguments: str) -> None:
    """Report the settings, then do what each line of the standard input asks for, until it closes."""

    def wait(report: Any, kind: str) -> None:
        report.write("transport", broker=kind)
        sys.stdin.readline()

    wanted, app, report = begin(arguments, wait)
    canary_tasks.keep_own_limits(app)
    report.write("settings", values=_settings(app, wanted["kind"]))
    for line in sys.stdin:
        order = json.loads(line)
        if "inspect" in order:
            report.write("inspected", number=order["number"], answers=ask(app, order["inspect"]))
        elif "chord" in order:
            report.write("sent", number=order["number"], refused=_send_chord(app, wanted["ledger"], order))
        else:
            _send(app, wanted["ledger"], order)
            report.write("sent", number=order["number"])


def _send(app: Any, ledger: str, order: dict[str, Any]) -> None:
    task = app.tasks[f"_audit_canary.{order['task']}"]
    with app.connection_for_write() as connection:
        for key in order["keys"]:
            kwargs = {"ledger": ledger, "key": key, "gate": order["gate"], "seconds": order["seconds"]}
            options = {"task_id": key, "queue": QUEUE, "countdown": order["countdown"], "expires": order["expires"]}
            task.apply_async(kwargs=kwargs, connection=connection, **options)


def _send_chord(app: Any, ledger: str, order: dict[str, Any]) -> str:
    """Publish a chord; the error that its result backend answers, empty where it takes it."""
    from celery import chord  # noqa: PLC0415 - the target's own

    part, total = app.tasks[canary_tasks.part.name], app.tasks[canary_tasks.total.name]
    given = {"ledger": ledger, "gate": order["gate"], "seconds": order["seconds"]}
    header = [part.s(key=key, **given).set(task_id=key, queue=QUEUE) for key in order["keys"]]
    last = total.s(ledger=ledger, key=order["chord"]).set(task_id=order["chord"], queue=QUEUE)
    try:
        chord(header)(last)
    except Exception as error:  # noqa: BLE001 - whatever the target's backend raises is the answer
        return f"{type(error).__name__}: {error}".strip(": ").splitlines()[0][:200]
    return ""


def _kind(app: Any) -> str:
    """`redis`, `rpc`, `database`…, as the class of the backend says; empty where results are not kept."""
    name = type(app.backend).__name__.removesuffix("Backend").lower()
    return "" if name == "disabled" else name


def _longest(app: Any) -> float | None:
    """The longest that a task known here may run, in seconds; None where one has no limit, or where none is known."""
    own = [t for name, t in app.tasks.items() if not name.startswith(("_audit_canary.", "celery."))]
    limits = [task.time_limit or app.conf.task_time_limit for task in own] or [app.conf.task_time_limit]
    return None if None in limits or 0 in limits else float(max(limits))


def _settings(app: Any, kind: str) -> dict[str, Any]:
    """Effective delivery settings of the canary's task in this application; times in seconds."""
    conf, task, paced = app.conf, app.tasks[canary_tasks.hold.name], app.tasks[canary_tasks.paced.name]
    limits = (conf.task_soft_time_limit, conf.task_time_limit)
    with app.connection_for_read() as connection:
        visibility = getattr(connection.default_channel, "visibility_timeout", None)
    return {
        "broker": kind,
        "heartbeat": conf.broker_heartbeat,
        "acks_late": bool(task.acks_late),
        "reject_on_worker_lost": bool(task.reject_on_worker_lost),
        "retry_on_worker_lost": bool(conf.get("task_retry_on_worker_lost")),
        "visibility_timeout": visibility,
        "time_limit": min((n for n in limits if n), default=None),
        "longest_task": _longest(app),
        "rate_limit": None if conf.worker_disable_rate_limits else paced.rate_limit,
        "soft_shutdown": conf.get("worker_soft_shutdown_timeout") or 0.0,
        "always_eager": bool(conf.task_always_eager),
        "max_tasks_per_child": conf.worker_max_tasks_per_child,
        "max_memory_per_child": conf.worker_max_memory_per_child,
        "prefetch_multiplier": conf.worker_prefetch_multiplier,
        "result_backend": bool(conf.result_backend),
        "result_backend_kind": _kind(app),
        "result_backend_replaced": str(getattr(app, "_audit_results", "")),
        "queue_type": (app.amqp.queues[QUEUE].queue_arguments or {}).get("x-queue-type", "classic"),
        "sentinel": str(getattr(app, "_audit_transport", "")) == "sentinel",
    }
