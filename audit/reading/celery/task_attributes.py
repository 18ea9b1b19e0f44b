"""Records options written on tasks after they are made: `send.acks_late = False`."""

from audit.model.unknown import UNKNOWN
from audit.model.word_tables import word_set
from audit.reading.python.abstract_values import (
    ClassValue,
    External,
    FunctionValue,
    Method,
    Origin,
    Plain,
    Table,
    Value,
    unwrap,
)
from audit.reading.python.classes import lineage
from audit.reading.python.interpreter import Machine

# No other object of a program has these.
ACKNOWLEDGEMENT = frozenset({"acks_late", "acks_on_failure_or_timeout", "reject_on_worker_lost"})
# What a class of tasks may set for those that have it for a base.
OPTIONS = word_set("""
    acks_late acks_on_failure_or_timeout reject_on_worker_lost ignore_result store_errors_even_if_ignored autoretry_for
    dont_autoretry_for max_retries default_retry_delay retry_kwargs retry_backoff retry_backoff_max retry_jitter
    time_limit soft_time_limit rate_limit expires priority queue serializer delivery_mode compression track_started trail throws
    typing
""")
_CLASSES = frozenset({"celery.Task", "celery.app.task.Task", "celery.app.Task"})
EVERY_CLASS, EVERY_TASK = "Task", "*"


def write_option(machine: Machine, owner: Value, name: Value, value: Value, origin: Origin) -> None:
    """Note an option written on a task, on the class of all tasks, or on something that may be any task.

    It is known where the task's own module writes it; elsewhere it may come too late, or never.
    """
    here = machine.project.modules.get(machine.reading)
    if here and machine.project.is_test_file(here.source.path):
        return
    owner = unwrap(owner)[0]
    if isinstance(owner, FunctionValue):
        known = machine.reading in {owner.module, ""}
        for option in OPTIONS if name is UNKNOWN else OPTIONS & {name}:
            _note(machine, owner.symbol, option, UNKNOWN if name is UNKNOWN or not known else value, origin)
    elif _is_class_of_all(machine, owner):
        if isinstance(name, str) and name in OPTIONS:
            _note(machine, EVERY_CLASS, name, value, origin)
    elif owner is UNKNOWN and isinstance(name, str) and may_be_any_task(name, here.source.text if here else ""):
        note_on_any(machine, name, origin)


def _is_class_of_all(machine: Machine, owner: Value) -> bool:
    """Whether this is Celery's own class of tasks, or the one that an application makes of it."""
    if isinstance(owner, Method):
        return owner.name == "Task" and machine.is_celery(unwrap(owner.receiver)[0])
    return isinstance(owner, External) and owner.dotted in _CLASSES


def may_be_any_task(name: str, text: str) -> bool:
    """Whether a module of this text that writes this attribute on something unknown may write the option of any task."""
    return name in ACKNOWLEDGEMENT or (name in OPTIONS and ".tasks" in text)


def note_on_any(machine: Machine, option: str, origin: Origin, cls: str = "") -> None:
    """Note that a place may give an option to any task, or to any one that has this class for a base."""
    _note(machine, cls or EVERY_TASK, option, UNKNOWN, origin)


def _note(machine: Machine, key: str, option: str, value: Value, origin: Origin) -> None:
    machine.undo_log.write(machine.attributes.setdefault(key, Table()), option, value, origin)


def written_late(machine: Machine, symbol: str, base: Value) -> dict[str, Plain]:
    """What was written on a task once it was made, or may have been, for one of its class as for any."""
    keys = (symbol, *(one.symbol for one in (lineage(base) if isinstance(base, ClassValue) else ())), EVERY_TASK)
    return {name: value for key in keys for name, value in written_options(machine, key).items()}


def written_options(machine: Machine, key: str) -> dict[str, Plain]:
    """What was written for a task's symbol, for `EVERY_CLASS` or for `EVERY_TASK`."""
    return {str(name): unwrap(value)[0] for name, value in machine.attributes.get(key, Table()).items()}
