"""The options that a task really has for its retries, and the retries that Celery makes by itself with them."""

import re
from dataclasses import dataclass
from typing import TypeGuard

from audit.model.retries import RetrySchedule
from audit.model.unknown import UNKNOWN
from audit.reading.celery.application_objects import configuration_of
from audit.reading.celery.application_settings import applications
from audit.reading.celery.task_attributes import EVERY_CLASS, written_late, written_options
from audit.reading.celery.task_definitions import default_base, registered_name, task_decoration
from audit.reading.python.abstract_values import MISSING, ClassValue, FunctionValue, Missing, Table, Value, unwrap
from audit.reading.python.classes import class_attribute, lineage
from audit.reading.python.interpreter import Machine
from audit.reading.retries.retry_calls import COUNTED

# The delays told of a task that is retried without end, or more often than this.
MOST = 20
_RECOUNTED = re.compile(
    r"request\.retries\s*[-+*]?=[^=]|\brequest\.update\([^)]*\bretries\b|\[[\"']retries[\"']\]\s*=[^=]"
)
_LIMIT, _DELAY, _BACKOFF_MAX = 3, 180, 600


@dataclass(frozen=True)
class RetryOptions:
    """What Celery takes where a call of `retry` says nothing; `bound`: the task receives itself."""

    limit: Value
    delay: Value
    bound: bool

    @classmethod
    def of(cls, machine: Machine, function: FunctionValue) -> "RetryOptions":
        """The options of a task, with Celery's defaults."""
        limit = _task_option(machine, function, "max_retries", _LIMIT)
        # What writes how many retries are behind a task may take some away.
        limit = UNKNOWN if machine.project.holds(_RECOUNTED) else limit
        delay = _task_option(machine, function, "default_retry_delay", _DELAY)
        return cls(limit, delay, _task_option(machine, function, "bind", False) is True)


def is_number(value: object) -> TypeGuard[float]:
    """Whether this is a number of seconds, or of retries."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def count(value: Value) -> int | None:
    """A number of retries; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def automatic_schedules(machine: Machine, function: FunctionValue) -> list[RetrySchedule]:
    """The schedule of `autoretry_for`, with Celery's own back-off; none where the task has none."""
    decoration = task_decoration(machine, function)
    if not decoration or not _task_option(machine, function, "autoretry_for", ()):
        return []
    options = RetryOptions.of(machine, function)
    retry_kwargs = _task_option(machine, function, "retry_kwargs", {})
    given = retry_kwargs if isinstance(retry_kwargs, dict) else {}
    # Given as None, `self.retry` takes the task's own.
    most = options.limit if given.get("max_retries") is None else given["max_retries"]
    delay = given.get("countdown", options.delay)
    backoff = _task_option(machine, function, "retry_backoff", False)
    highest = _task_option(machine, function, "retry_backoff_max", _BACKOFF_MAX)
    jitter = _task_option(machine, function, "retry_jitter", True)
    node, source = decoration.node, machine.project.modules[function.module].source
    excerpts = (source.excerpt(node.lineno, node.end_lineno or node.lineno),)
    limit = count(most)
    if backoff and jitter is not False:
        why = "`retry_jitter` tire chaque délai au hasard entre 0 et le recul"
        return [RetrySchedule(function.symbol, (), limit, excerpts, why, random=True, endless=most is None)]
    numbers = [n for n in (backoff, highest, delay) if isinstance(n, int | float)]
    if most is UNKNOWN or len(numbers) < 3:
        why = "les options de reprise de la tâche ne se calculent pas à la lecture"
        return [RetrySchedule(function.symbol, (), None, excerpts, why, endless=most is None)]
    factor, longest, constant = numbers
    steps = range(MOST if limit is None else min(limit, MOST))
    delays = [float(min(longest, int(factor) * 2**n)) if factor else float(constant) for n in steps]
    return [RetrySchedule(function.symbol, tuple(delays), limit, excerpts)]


def _task_option(machine: Machine, function: FunctionValue, name: str, default: Value) -> Value:
    """An option of a task, `default` where nothing gives it; UNKNOWN where what may give it was not read."""
    annotated = _annotated(machine, function, name) if name in COUNTED else MISSING
    if annotated is not MISSING:
        return annotated
    decoration = task_decoration(machine, function)
    keywords = decoration.keywords if decoration else Table()
    base = unwrap(keywords.get("base", default_base(machine, decoration) if decoration else None))[0]
    written = written_late(machine, function.symbol, base)
    if name in written:
        return written[name]
    if name in keywords:
        return unwrap(keywords[name])[0]
    if name in COUNTED and keywords.opaque:
        return UNKNOWN
    if isinstance(base, ClassValue) and any(name in one.names for one in lineage(base)):
        return unwrap(class_attribute(base, name))[0]
    return written_options(machine, EVERY_CLASS).get(name, default)


def _annotated(machine: Machine, function: FunctionValue, name: str) -> Value | Missing:
    """What `task_annotations` of the applications gives a task; that of every task has the last word."""
    decoration = task_decoration(machine, function)
    own = registered_name(machine, function, decoration) if decoration else ""
    found: Value | Missing = MISSING
    for app in applications(machine):
        annotations = unwrap(configuration_of(app).get("task_annotations"))[0]
        for key in (own, "*") if annotations is not None else ():
            told = unwrap(annotations.get(key, {}))[0] if _is_read(annotations) else UNKNOWN
            if not _is_read(told):
                found = UNKNOWN
            elif name in told:
                found = unwrap(told[name])[0]
    return found


def _is_read(value: Value) -> TypeGuard[dict[Value, Value]]:
    return isinstance(value, dict) and getattr(value, "opaque", None) is None
