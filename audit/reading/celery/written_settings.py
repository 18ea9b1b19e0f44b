"""Every write of a setting, or of an option of a task, that the reading met; worked out when it is asked for."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from audit.model.findings import Excerpt
from audit.model.setting_writes import Loading, OptionSource, OptionWrite, SettingWrite
from audit.model.unknown import UNKNOWN
from audit.reading.celery.application_settings import ANY
from audit.reading.celery.task_attributes import EVERY_CLASS, EVERY_TASK, OPTIONS
from audit.reading.celery.task_definitions import default_base, task_decoration
from audit.reading.old_setting_names import modern
from audit.reading.python.abstract_values import (
    ClassValue,
    Conf,
    Decoration,
    External,
    FunctionValue,
    Instance,
    Origin,
    SeenWrite,
    Table,
    Value,
    exported,
    unwrap,
)
from audit.reading.python.child_nodes import children, walk
from audit.reading.python.classes import class_attribute, lineage
from audit.reading.python.excerpts import excerpt_of
from audit.reading.python.interpreter import Machine

Fact = TypeVar("Fact")
_TESTS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.Match)


class Deferred(Mapping[str, Fact]):
    """What is known by name, all of it worked out when some is asked for."""

    def __init__(self, work: Callable[[], dict[str, Fact]]) -> None:
        self._work = work

    def __getitem__(self, name: str) -> Fact:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    @cached_property
    def _found(self) -> dict[str, Fact]:
        return self._work()


def setting_writes(machine: Machine, apps: Iterable[Instance]) -> Mapping[str, tuple[SettingWrite, ...]]:
    """Writes of the settings of some applications, by today's name; under `*`, those that may be any setting's."""
    confs = [app.fields["conf"] for app in apps]
    # Reading functions, later, must add nothing.
    seen = [(conf, tuple(conf.seen)) for conf in confs if isinstance(conf, Conf)]
    return Deferred(lambda: _of_settings(machine, seen))


def _of_settings(
    machine: Machine, seen: Sequence[tuple[Conf, Sequence[SeenWrite]]]
) -> dict[str, tuple[SettingWrite, ...]]:
    found: dict[str, list[SettingWrite]] = {}
    for position, (conf, write) in enumerate((conf, write) for conf, of_one in seen for write in _once(of_one)):
        known = _exported(machine, conf, write, position)
        found.setdefault(known.name, []).append(known)
    return {name: tuple(writes) for name, writes in found.items()}


def _once(seen: Sequence[SeenWrite]) -> list[SeenWrite]:
    """Each write once: a body under `try`, and the turns of a loop, are read several times."""
    found: dict[tuple[str, Origin], SeenWrite] = {}
    unreadable = {write.origin for write in seen if write.key is None}
    for write in seen:
        if write.key is not None and write.value is UNKNOWN and write.origin in unreadable:
            continue  # what an unreadable write does to each setting there was
        place = (str(write.key), write.origin)
        if place in found and write.value is UNKNOWN:
            continue
        found.pop(place, None)
        found[place] = write
    return list(found.values())


def _exported(machine: Machine, conf: Conf, write: SeenWrite, position: int) -> SettingWrite:
    plain, variable = unwrap(write.value)
    key = write.key if isinstance(write.key, str) else ANY
    value = exported(plain)
    return SettingWrite(
        name=modern(key) or key,
        value=value,
        means=write.means,
        module=write.module,
        position=position,
        excerpt=excerpt_of(machine, write.origin),
        call=excerpt_of(machine, write.call) if write.call != write.origin else None,
        written_as=write.written_as or key,
        variable=variable,
        outside=plain.dotted if isinstance(plain, External) else "",
        loading=_loading(conf, write.module),
        on_a_side=write.on_a_side,
        test=_test(machine, write.origin) if write.on_a_side else None,
        unknown_names=_unknown_names(machine, write.origin, write.written_as or key) if value is UNKNOWN else (),
    )


def _loading(conf: Conf, module: str) -> Loading:
    return Loading.NEVER if module in conf.ignored else Loading.MAYBE if module in conf.doubted else Loading.LOADED


def _statements(machine: Machine, origin: Origin) -> list[ast.AST]:
    """The nodes of a module that hold these lines, the outermost first, down to a statement that is all within them."""
    modules = [m for m in machine.project.modules.values() if m.source.path == origin.path]
    found: list[ast.AST] = []
    pending: list[ast.AST] = list(modules[0].tree.body) if modules else []
    while pending:
        node = pending.pop(0)
        first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", None) or 0
        if first <= origin.first and origin.last <= last:
            found.append(node)
            pending = list(children(node))
        elif not first:
            pending += children(node)
    return found


def _test(machine: Machine, origin: Origin) -> Excerpt | None:
    holders = [node for node in _statements(machine, origin) if isinstance(node, _TESTS)]
    return excerpt_of(machine, Origin(origin.path, holders[-1].lineno, holders[-1].lineno)) if holders else None


def _unknown_names(machine: Machine, origin: Origin, written_as: str) -> tuple[str, ...]:
    """Global names that a value uses and that come from outside the project, or that nothing gives a known value."""
    module = next((n for n, m in machine.project.modules.items() if m.source.path == origin.path), "")
    names, found = machine.globals.get(module) or Table(), []
    for name in dict.fromkeys(n.id for n in walk(_value_node(machine, origin, written_as)) if isinstance(n, ast.Name)):
        value = unwrap(names.get(name))[0]
        if value is UNKNOWN:
            found.append(name)
        elif isinstance(value, External) and value.dotted.partition(".")[0] != "builtins":
            found.append(f"{name} ({value.dotted}, outside the project)")
    return tuple(found)


def _value_node(machine: Machine, origin: Origin, written_as: str) -> ast.AST:
    """What is written on these lines: the value of the keyword of this name, else all of it."""
    inside = [n for n in _statements(machine, origin) if getattr(n, "lineno", 0) >= origin.first]
    whole = inside[0] if inside else ast.Module([], [])
    given = [n.value for n in walk(whole) if isinstance(n, ast.keyword) and n.arg == written_as]
    return given[0] if given else whole


def option_writes(machine: Machine) -> Mapping[str, tuple[OptionWrite, ...]]:
    """Every place that gives an option to a task, the weakest first, by the symbol of the task's function."""
    return Deferred(lambda: _of_tasks(machine))


def _of_tasks(machine: Machine) -> dict[str, tuple[OptionWrite, ...]]:
    found: dict[str, tuple[OptionWrite, ...]] = {}
    for function in machine.decorated:
        if decoration := task_decoration(machine, function):
            given = "base" in decoration.keywords
            base = unwrap(decoration.keywords["base"] if given else default_base(machine, decoration))[0]
            source = OptionSource.BASE_CLASS if given else OptionSource.EVERY_CLASS
            own = [*_of_class(machine, base, source), *_of_decorator(machine, function, decoration)]
            found[function.symbol] = _with_later(machine, function.symbol, base, own)
    for instance in machine.registered:
        run = class_attribute(instance.cls, "run") if isinstance(instance.cls, ClassValue) else None
        if isinstance(run, FunctionValue):
            found[run.symbol] = _with_later(
                machine, run.symbol, instance.cls, list(_of_class(machine, instance.cls, OptionSource.BASE_CLASS))
            )
    return found


def _with_later(machine: Machine, symbol: str, base: Value, own: list[OptionWrite]) -> tuple[OptionWrite, ...]:
    classes = lineage(base) if isinstance(base, ClassValue) else ()
    return (
        *_of_table(machine, machine.attributes.get(EVERY_CLASS), OptionSource.EVERY_CLASS),
        *own,
        *_of_table(machine, machine.attributes.get(symbol), OptionSource.WRITTEN),
        *(w for c in classes for w in _of_table(machine, machine.attributes.get(c.symbol), OptionSource.ANY_TASK)),
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
