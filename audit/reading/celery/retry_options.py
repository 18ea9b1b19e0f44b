"""The options that a task really has for its retries: its decorator's, its class's, written on it, or annotated."""

from typing import Any

from audit.model.unknown import UNKNOWN
from audit.reading.celery.application_settings import applications
from audit.reading.celery.task_attributes import EVERY_CLASS, written_options
from audit.reading.celery.task_definitions import registered_name, task_decoration
from audit.reading.python.abstract_values import ClassValue, FunctionValue, Table, unwrap
from audit.reading.python.classes import class_attribute
from audit.reading.python.interpreter import Machine

_COUNTED = frozenset({"max_retries", "default_retry_delay"})
_ABSENT = object()


def task_option(machine: Machine, function: FunctionValue, name: str, default: Any) -> Any:
    """An option of a task, `default` where nothing gives it; UNKNOWN where what may give it was not read."""
    annotated = _annotated(machine, function, name) if name in _COUNTED else _ABSENT
    if annotated is not _ABSENT:
        return annotated
    written = written_options(machine, function.symbol)
    if name in written:
        return written[name]
    decoration = task_decoration(machine, function)
    keywords = decoration.keywords if decoration else Table()
    if name in keywords:
        return unwrap(keywords[name])[0]
    if name in _COUNTED and getattr(keywords, "opaque", None):
        return UNKNOWN
    base = unwrap(keywords.get("base"))[0]
    inherited = class_attribute(base, name) if isinstance(base, ClassValue) else UNKNOWN
    if inherited is not UNKNOWN:
        return unwrap(inherited)[0]
    return written_options(machine, EVERY_CLASS).get(name, default)


def _annotated(machine: Machine, function: FunctionValue, name: str) -> Any:
    """What `task_annotations` of the applications gives a task; its own entry comes over that of every task."""
    decoration = task_decoration(machine, function)
    own = registered_name(function, decoration) if decoration else ""
    found: Any = _ABSENT
    for app in applications(machine):
        annotations = unwrap(app.fields["conf"].get("task_annotations"))[0]
        for key in ("*", own) if annotations is not None else ():
            told: Any = unwrap(annotations.get(key, {}))[0] if _is_read(annotations) else UNKNOWN
            if not _is_read(told):
                found = UNKNOWN
            elif name in told:
                found = unwrap(told[name])[0]
    return found


def _is_read(value: Any) -> bool:
    return isinstance(value, dict) and getattr(value, "opaque", None) is None
