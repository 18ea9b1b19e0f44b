"""What counts over a setting: options of tasks, `task_annotations`, and options of the workers' command lines."""

from collections.abc import Iterator, Mapping
from typing import Any

from audit.command.explain.fact_line import FactLine, at, told
from audit.model.facts import Facts, Task
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN

# The option of a task that takes the place of a setting, for this task.
TASK_OPTIONS = {
    "task_acks_late": "acks_late",
    "task_acks_on_failure_or_timeout": "acks_on_failure_or_timeout",
    "task_compression": "compression",
    "task_default_priority": "priority",
    "task_default_queue": "queue",
    "task_default_rate_limit": "rate_limit",
    "task_ignore_result": "ignore_result",
    "task_reject_on_worker_lost": "reject_on_worker_lost",
    "task_serializer": "serializer",
    "task_soft_time_limit": "soft_time_limit",
    "task_store_errors_even_if_ignored": "store_errors_even_if_ignored",
    "task_time_limit": "time_limit",
    "task_track_started": "track_started",
}
# Options of `celery worker` and `celery beat` that take the place of a setting.
_START_OPTIONS = {
    "beat_max_loop_interval": ("max-interval",),
    "beat_schedule_filename": ("schedule",),
    "beat_scheduler": ("scheduler",),
    "broker_url": ("broker",),
    "result_backend": ("result-backend",),
    "task_queues": ("queues", "exclude-queues"),
    "task_soft_time_limit": ("soft-time-limit",),
    "task_time_limit": ("time-limit",),
    "worker_concurrency": ("concurrency", "autoscale"),
    "worker_max_memory_per_child": ("max-memory-per-child",),
    "worker_max_tasks_per_child": ("max-tasks-per-child",),
    "worker_pool": ("pool",),
    "worker_prefetch_multiplier": ("prefetch-multiplier",),
    "worker_send_task_events": ("task-events",),
    "worker_state_db": ("statedb",),
}


def overrides(known: TargetFacts, name: str) -> Iterator[FactLine]:
    """What counts over this setting, where it does."""
    option = TASK_OPTIONS.get(name, "")
    for task in known.source.tasks if option else ():
        yield from of_task(known.source, task, option)
    if option:
        yield from of_annotations(known.source, option, "")
    for process in known.celery_processes:
        for given in (o for o in _START_OPTIONS.get(name, ()) if o in process.options):
            value = process.options[given]
            shown = f"--{given}={value}" if value else f"--{given}"
            yield at("override", f"the {process.role} started here has {shown}, over the setting", process.excerpt)


def of_task(facts: Facts, task: Task, option: str) -> Iterator[FactLine]:
    """The option of one task that is over the setting."""
    if option not in task.options:
        return
    writes = [w for w in facts.option_writes.get(task.symbol, ()) if w.name == option]
    value = told(writes[-1].value if writes else task.options[option], option)
    excerpt = writes[-1].excerpt if writes else None
    source = f", from {writes[-1].source}" if writes else ""
    yield at("override", f"task {task.name} has {option}={value}{source}, over the setting", excerpt)


def of_annotations(facts: Facts, option: str, task: str) -> Iterator[FactLine]:
    """What `task_annotations` gives to tasks: to any, or to the one named."""
    setting = facts.settings.get("task_annotations")
    if setting is None:
        return
    if not isinstance(setting.value, Mapping):
        yield at(
            "override", f"task_annotations is not told by the source: it may give {option} to any task", setting.excerpt
        )
        return
    for pattern, given in setting.value.items():
        concerned = not task or pattern in {task, "*"}
        if concerned and _may_give(given, option):
            value = told(given[option], option) if isinstance(given, Mapping) and option in given else "unknown"
            whom = "every task" if pattern == "*" else f"task {pattern}"
            yield at("override", f"task_annotations gives {whom} {option}={value}, over its options", setting.excerpt)


def _may_give(given: Any, option: str) -> bool:
    return given is UNKNOWN or (isinstance(given, Mapping) and option in given)
