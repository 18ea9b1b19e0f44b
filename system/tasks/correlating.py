"""The identifier of a request in the messages of the broker, from who publishes to who executes."""

from contextlib import ExitStack
from typing import Any

from celery.signals import before_task_publish, task_postrun, task_prerun

from system import correlation

_running: dict[str, ExitStack] = {}


def connect() -> None:
    """From now on, in this process, messages carry the identifier, and tasks run under that of their message."""
    before_task_publish.connect(_give)
    task_prerun.connect(_take)
    task_postrun.connect(_leave)


def _give(headers: dict[str, Any] | None = None, **_: Any) -> None:
    identifier = correlation.current()
    if headers is not None and identifier is not None:
        headers.setdefault(correlation.TASK_HEADER, identifier)


def _take(task_id: str, task: Any, **_: Any) -> None:
    block = _running[task_id] = ExitStack()
    # A task that is executed without a broker keeps its headers apart.
    given = task.request.get(correlation.TASK_HEADER) or (task.request.headers or {}).get(correlation.TASK_HEADER)
    block.enter_context(correlation.correlated(given))


def _leave(task_id: str, **_: Any) -> None:
    block = _running.pop(task_id, None)
    if block is not None:
        block.close()
