"""Counts of attributes and entries whose class reads and writes a store: `progress.done += 1` through a descriptor or a property."""

import ast
import re
from collections.abc import Iterator

from audit.reading.behaviour.possible_values import bound
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import ClassValue, Instance, Value, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute, lineage

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_WRITES = re.compile(r"^(a?set|setex|hset|hmset|mset|put|store|save|asave|write|replace|update|upsert|execute)(_|$)")
_READS = re.compile(r"^(a?get|hget|hgetall|mget|getex|read|load|fetch|find|retrieve|lookup|execute|first|scalar)(_|$)")
_DEPTH = 2


def accessor_counters(scope: Scope) -> Iterator[ast.stmt]:
    """What adds to such an attribute or entry, or writes it a value worked out from itself."""
    changes: list[tuple[ast.stmt, ast.expr]] = [(n, n.target) for n in scope.all(ast.AugAssign)]
    for assigned in scope.all(ast.Assign):
        given = scope.given(assigned.value)
        told = ast.unparse(given) if isinstance(given, ast.BinOp) else ""
        changes += [(assigned, target) for target in assigned.targets if ast.unparse(target) in told]
    for node, target in changes:
        held = target.value if isinstance(target, ast.Attribute | ast.Subscript) else None
        cls = _class_of(scope, held) if held is not None else None
        if cls is not None and any(
            (_asks(*pair[0], _READS) or _is_of_its_store(*pair)) and _asks(*pair[1], _WRITES)
            for pair in _pairs(cls, target)
            if not (isinstance(node, ast.AugAssign) and _answers_what_adds(scope, *pair[0]))
        ):
            yield node


def _class_of(scope: Scope, holder: ast.expr) -> ClassValue | None:
    value: Value = scope.evaluated(holder)
    cls = value.cls if isinstance(value, Instance) else value
    return cls if isinstance(cls, ClassValue) else None


_Method = tuple[ClassValue, _Function]


def _pairs(cls: ClassValue, target: ast.expr) -> Iterator[tuple[_Method, _Method]]:
    """What reads the target and what writes it, where the class has both."""
    if isinstance(target, ast.Subscript):
        yield from _both(cls, "__getitem__", "__setitem__")
        return
    name = target.attr if isinstance(target, ast.Attribute) else ""
    descriptor = unwrap(class_attribute(cls, name))[0]
    if isinstance(descriptor, Instance) and isinstance(descriptor.cls, ClassValue):
        yield from _both(descriptor.cls, "__get__", "__set__")
    getters = [m for m in _named(cls, name) if any(last(d).endswith("property") for d in m[1].decorator_list)]
    setters = [m for m in _named(cls, name) if any(last(d) == "setter" for d in m[1].decorator_list)]
    if getters and setters:
        yield getters[0], setters[0]
    elif not _named(cls, name):
        yield from _both(cls, "__getattr__", "__setattr__")


def _both(cls: ClassValue, getter: str, setter: str) -> Iterator[tuple[_Method, _Method]]:
    reads, writes = _named(cls, getter), _named(cls, setter)
    if reads and writes:
        yield reads[0], writes[0]


def _named(cls: ClassValue, name: str) -> list[_Method]:
    return [(one, m) for one in lineage(cls) for m in one.node.body if isinstance(m, _Function) and m.name == name]


def _asks(cls: ClassValue, method: _Function, names: re.Pattern[str], depth: int = _DEPTH) -> bool:
    """Whether a method asks a store, itself or by another method of its class; a dictionary of its own is none."""
    for call in (n for n in walk(method) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)):
        if names.match(last(call.func)) and not _is_in_memory(cls, call.func):
            return True
        if depth and any(_asks(one, m, names, depth - 1) for one, m in _named(cls, last(call.func))):
            return True
    return False


def _is_of_its_store(getter: _Method, setter: _Method) -> bool:
    """Whether what reads gives somebody else the store that what writes asks."""
    asked = (n.func for n in walk(setter[1]) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute))
    stores = {ast.unparse(f.value) for f in asked if _WRITES.match(f.attr) and not _is_in_memory(setter[0], f)}
    given = [a for n in walk(getter[1]) if isinstance(n, ast.Call) for a in n.args]
    return not stores.isdisjoint(map(ast.unparse, given))


def _answers_what_adds(scope: Scope, cls: ClassValue, getter: _Function) -> bool:
    """Whether what is read is an object of the project that adds by itself, in its `__iadd__`."""
    answers = [n.value for n in walk(getter) if isinstance(n, ast.Return) and isinstance(n.value, ast.Call)]
    made = [unwrap(scope.machine.resolve(f"{cls.module}:{last(answer.func)}"))[0] for answer in answers]
    return bool(made) and all(isinstance(one, ClassValue) and _named(one, "__iadd__") for one in made)


def _is_in_memory(cls: ClassValue, method: ast.expr) -> bool:
    holder = method.value if isinstance(method, ast.Attribute) else method
    if not isinstance(holder, ast.Attribute):
        return isinstance(holder, ast.Name) and holder.id in {"self", "cls", "super", "object"}
    given = [value for one in lineage(cls) for n in walk(one.node) for value in bound(n, holder.attr)]
    made = (isinstance(v, ast.Dict) or last(getattr(v, "func", v)) in {"dict", "defaultdict", "Counter"} for v in given)
    return holder.attr == "__dict__" or (bool(given) and all(made))
