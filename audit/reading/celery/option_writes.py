"""Every place that gives an option to a task, the weakest first; worked out when it is asked for."""

from collections.abc import Iterator, Mapping
from functools import cached_property

from audit.model.setting_writes import OptionSource, OptionWrite
from audit.reading.celery.task_attributes import EVERY_CLASS, EVERY_TASK
from audit.reading.celery.task_definitions import OPTIONS, default_base, task_decoration
from audit.reading.python.abstract_values import (
    ClassValue,
    Decoration,
    FunctionValue,
    Origin,
    Table,
    Value,
    exported,
    unwrap,
)
from audit.reading.python.classes import class_attribute, lineage
from audit.reading.python.excerpts import excerpt_of
from audit.reading.python.interpreter import Machine


class OptionWrites(Mapping[str, tuple[OptionWrite, ...]]):
    """Places that give options, by the symbol of the task's function."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __getitem__(self, symbol: str) -> tuple[OptionWrite, ...]:
        return self._found[symbol]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    @cached_property
    def _found(self) -> dict[str, tuple[OptionWrite, ...]]:
        machine, found = self._machine, dict[str, tuple[OptionWrite, ...]]()
        for function in machine.decorated:
            if decoration := task_decoration(machine, function):
                given = "base" in decoration.keywords
                base = unwrap(decoration.keywords["base"] if given else default_base(machine, decoration))[0]
                source = OptionSource.BASE_CLASS if given else OptionSource.EVERY_CLASS
                own = [*_of_class(machine, base, source), *_of_decorator(machine, function, decoration)]
                found[function.symbol] = _with_later(machine, function.symbol, own)
        for instance in machine.registered:
            run = class_attribute(instance.cls, "run") if isinstance(instance.cls, ClassValue) else None
            if isinstance(run, FunctionValue):
                found[run.symbol] = _with_later(
                    machine, run.symbol, list(_of_class(machine, instance.cls, OptionSource.BASE_CLASS))
                )
        return found


def _with_later(machine: Machine, symbol: str, own: list[OptionWrite]) -> tuple[OptionWrite, ...]:
    return (
        *_of_table(machine, machine.attributes.get(EVERY_CLASS), OptionSource.EVERY_CLASS),
        *own,
        *_of_table(machine, machine.attributes.get(symbol), OptionSource.WRITTEN),
        *_of_table(machine, machine.attributes.get(EVERY_TASK), OptionSource.ANY_TASK),
    )


def _of_class(machine: Machine, base: Value, source: OptionSource) -> Iterator[OptionWrite]:
    classes = reversed(lineage(base)) if isinstance(base, ClassValue) else ()
    for cls in classes:
        given = Table({k: v for k, v in cls.names.items() if k in OPTIONS}, cls.names.origins)
        yield from _of_table(machine, given, source)


def _of_decorator(machine: Machine, function: FunctionValue, decoration: Decoration) -> Iterator[OptionWrite]:
    node, path = decoration.node, machine.project.modules[function.module].source.path
    whole = Origin(path, node.lineno, node.end_lineno or node.lineno)
    origins = getattr(decoration.keywords, "origins", {})
    given = Table(decoration.keywords, {name: origins.get(name, whole) for name in decoration.keywords})
    yield from _of_table(machine, given, OptionSource.DECORATOR)


def _of_table(machine: Machine, table: Table | None, source: OptionSource) -> Iterator[OptionWrite]:
    if table is None:
        return
    for name, value in table.items():
        if isinstance(name, str):
            yield OptionWrite(name, exported(unwrap(value)[0]), source, excerpt_of(machine, table.origins.get(name)))
