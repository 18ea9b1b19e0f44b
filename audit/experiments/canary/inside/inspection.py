"""What a worker in service answers when it is asked, beside what this process holds for the same names."""

from __future__ import annotations

from typing import Any

# Delivery and pace: what a worker may have changed when it started. No address, no secret.
COMPARED = (
    *("task_acks_late", "task_acks_on_failure_or_timeout", "task_reject_on_worker_lost", "task_ignore_result"),
    *("task_time_limit", "task_soft_time_limit", "task_default_rate_limit", "task_always_eager", "task_serializer"),
    *("task_default_queue", "task_create_missing_queues", "task_publish_retry", "worker_prefetch_multiplier"),
    *("worker_max_tasks_per_child", "worker_max_memory_per_child", "worker_soft_shutdown_timeout"),
    *("worker_cancel_long_running_tasks_on_connection_loss", "worker_disable_rate_limits", "broker_connection_retry"),
    *("broker_connection_max_retries", "broker_heartbeat", "enable_utc"),
)
_OF_TASKS = ("acks_late", "reject_on_worker_lost", "rate_limit", "time_limit", "soft_time_limit")
_INSPECT_SECONDS = 4.0


def ask(app: Any, node: str) -> dict[str, Any]:
    """What a worker in service answers, beside what this process holds for the same names; empty where it does not answer."""
    inspect = app.control.inspect([node], timeout=_INSPECT_SECONDS)
    conf = (inspect.conf(with_defaults=True) or {}).get(node)
    if conf is None:
        return {}
    stats = (inspect.stats() or {}).get(node) or {}
    registered = (inspect.registered(*_OF_TASKS) or {}).get(node) or []
    queues = (inspect.active_queues() or {}).get(node) or []
    return {
        "conf": {name: [app.conf.get(name), conf[name]] for name in COMPARED if name in conf and _plain(conf[name])},
        "tasks": {name: [_shown(app, name), text] for name, text in map(_split, registered) if _shown(app, name)},
        "queues": [str(queue.get("name")) for queue in queues],
        "pool": stats.get("pool") or {},
        "prefetch_count": stats.get("prefetch_count"),
    }


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def _split(text: str) -> tuple[str, str]:
    """`name [field=value …]`, as `registered` answers."""
    name, _, fields = text.partition(" ")
    return name, fields


def _shown(app: Any, name: str) -> str:
    """What `registered` would answer of this task here; empty where this process does not know it, or where it is ours."""
    if name not in app.tasks or name.startswith(("_audit_canary.", "celery.")):
        return ""
    found = {field: str(getattr(app.tasks[name], field, None)) for field in _OF_TASKS}
    return "[" + " ".join(f"{field}={value}" for field, value in found.items() if value != "None") + "]"
