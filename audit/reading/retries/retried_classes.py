"""What the classes of the target that `autoretry_for` names derive from, and what derives from them."""

from collections.abc import Iterator, Sequence

from audit.model.facts import Task
from audit.model.observations.failure_handling import RetriedClass
from audit.reading.python.abstract_values import ClassValue, External, exported, unwrap
from audit.reading.python.classes import lineage
from audit.reading.python.interpreter import Machine


def retried_classes(machine: Machine, tasks: Sequence[Task]) -> Iterator[RetriedClass]:
    """One for each class of the target, once."""
    asked = [task.options.get("autoretry_for") for task in tasks]
    names = {name for one in asked if isinstance(one, list | tuple) for name in one if isinstance(name, str)}
    every: list[ClassValue] = []
    for name in sorted(name for name in names if ":" in name):
        cls = unwrap(machine.resolve(name))[0]
        if isinstance(cls, ClassValue):
            every = every or list(_classes(machine))
            heirs = tuple(sorted({one.symbol for one in every if one is not cls and cls in lineage(one)}))
            yield RetriedClass("", None, name, _ancestors(cls), heirs)


def _ancestors(cls: ClassValue) -> tuple[str, ...]:
    outside = [str(exported(b)) for one in lineage(cls) for b in one.bases if isinstance(unwrap(b)[0], External)]
    return tuple(dict.fromkeys(outside))


def _classes(machine: Machine) -> Iterator[ClassValue]:
    for name in machine.project.modules:
        for value in machine.globals.get(name, {}).values():
            held = unwrap(value)[0]
            if isinstance(held, ClassValue) and held.module == name:
                yield held
