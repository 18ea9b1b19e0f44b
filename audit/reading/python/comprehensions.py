"""Evaluates comprehensions."""

import ast
from collections.abc import Iterator, Sequence

from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import Namespace, Table, Value, overridable, unwrap
from audit.reading.python.arithmetic import is_plain
from audit.reading.python.assignments import assign, set_item
from audit.reading.python.child_nodes import walk
from audit.reading.python.frames import Frame
from audit.reading.python.interpreter import Machine
from audit.reading.python.object_values import gone_over
from audit.reading.python.undo_log import Branch

_MAX_ITEMS = 2_000
# Stands for what else `items()` gives of a dictionary that is not known whole.
_OTHERS = (UNKNOWN, UNKNOWN)


def comprehension(machine: Machine, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, frame: Frame) -> Value:
    """The list, or the set, that it makes."""
    found: list[Value] = []
    variables: list[str] = []
    inner = Frame(frame.module, Namespace(), (frame.names, *frame.outer), frame.qualifier)
    for known in _iterations(machine, node.generators, inner, variables):
        if not known:
            _perhaps(machine, node.generators, [node.elt], inner)
            return UNKNOWN
        found.append(machine.evaluate(machine, node.elt, inner))
    try:
        made: Value = set(found) if isinstance(node, ast.SetComp) else found
    except TypeError:
        return UNKNOWN
    return overridable(made, next(iter(variables), ""))


def dict_comprehension(machine: Machine, node: ast.DictComp, frame: Frame) -> Value:
    """The table that it makes."""
    table = Table()
    variables: list[str] = []
    inner = Frame(frame.module, Namespace(), (frame.names, *frame.outer), frame.qualifier)
    for known in _iterations(machine, node.generators, inner, variables):
        if not known:
            _perhaps(machine, node.generators, [node.key, node.value], inner)
            return UNKNOWN
        key, _ = unwrap(machine.evaluate(machine, node.key, inner))
        set_item(machine, table, key, machine.evaluate(machine, node.value, inner), frame.origin(node))
    return overridable(table, next(iter(variables), ""))


def _perhaps(machine: Machine, generators: list[ast.comprehension], parts: Sequence[ast.expr], frame: Frame) -> None:
    """What the calls of an iteration do, where nobody knows over what: maybe nothing."""
    if not any(isinstance(inner, ast.Call) for part in parts for inner in walk(part)):
        return
    machine.undo_log.begin()
    try:
        for one in generators:
            assign(machine, one.target, UNKNOWN, frame, frame.origin(one.target))
        for part in parts:
            machine.evaluate(machine, part, frame)
    finally:
        branch, written = machine.undo_log.end("")
    machine.undo_log.merge([branch, Branch({}, "")], written)


def _iterations(
    machine: Machine, generators: list[ast.comprehension], frame: Frame, variables: list[str]
) -> Iterator[bool]:
    """True for each iteration with its names bound; False once when the loop cannot be followed.

    `variables` takes those of the environment that may replace what is gone over.
    """
    if not generators:
        yield True
        return
    first, *rest = generators
    items, variable = unwrap(machine.evaluate(machine, first.iter, frame))
    items = unwrap(gone_over(machine, items))[0]
    variables += [variable] if variable else []
    if not isinstance(items, list | tuple | dict | range | set) or len(items) > _MAX_ITEMS:
        yield False
        return
    for item in list(items):
        assign(machine, first.target, item, frame, frame.origin(first.target))
        tests = [unwrap(machine.evaluate(machine, test, frame))[0] for test in first.ifs]
        if item == _OTHERS:
            tests = []
        if not all(map(is_plain, tests)):
            yield False
            return
        if all(tests):
            yield from _iterations(machine, rest, frame, variables)
