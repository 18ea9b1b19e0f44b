"""Dictionaries and lists of a class, that all its instances share, changed through one of them."""

import ast
import re
from collections.abc import Iterator
from functools import cached_property

from audit.model.observations.shared_data import KeptValue
from audit.reading.behaviour.row_objects import owner
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import ClassValue, External, Instance, unwrap
from audit.reading.python.classes import lineage
from audit.reading.python.interpreter import Machine

_ADDS = frozenset({"add", "append", "appendleft", "extend", "insert", "setdefault", "update"})
# Names that objects of libraries bear too: of an object that is not known they prove nothing.
_COMMON = frozenset(
    ("args", "attrs", "context", "cookies", "data", "environ", "errors", "fields", "headers", "kwargs", "meta", "options",
     "params", "session", "META", "GET", "POST", "files", "form", "items", "values", "messages", "children", "extra")
)  # fmt: skip

_ATTRIBUTE = re.compile(r"\.(\w++)")
# One that is given a value.
_GIVEN = re.compile(r"\.(\w++)(?=\s*(?::[^=\n]+)?=[^=])")


class ClassTables:
    """A watcher: what a function puts into a table of a class, through an instance."""

    def __init__(self, machine: Machine) -> None:
        """The classes are those of the project."""
        self._machine = machine

    def may_change(self, text: str) -> bool:
        """Whether a module names one of these tables as an attribute."""
        return bool(self._tables) and not self._tables.keys().isdisjoint(_ATTRIBUTE.findall(text))

    def __call__(self, scope: Scope) -> Iterator[KeptValue]:
        """KeptValue: an entry given to such a table."""
        if not scope.symbol:
            return
        for call in scope.calls:
            if (
                isinstance(call.func, ast.Attribute)
                and call.func.attr in _ADDS
                and self._is_one(scope, call.func.value)
            ):
                yield scope.observed(KeptValue, call, name=ast.unparse(call.func.value))
        for node in scope.all(ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and self._is_one(scope, target.value):
                    yield scope.observed(KeptValue, node, name=ast.unparse(target.value))

    def _is_one(self, scope: Scope, node: ast.expr) -> bool:
        while isinstance(node, ast.Subscript):
            node = node.value
        node = scope.given(node)
        if not isinstance(node, ast.Attribute) or node.attr not in self._tables:
            return False
        owners = self._tables[node.attr]
        value = owner(scope) if last(node.value) == "self" else unwrap(scope.evaluated(node.value))[0]
        cls = value.cls if isinstance(value, Instance) else value
        if isinstance(cls, ClassValue):
            return any(one.node.name in owners for one in lineage(cls))
        return not isinstance(cls, External) and node.attr not in _COMMON

    @cached_property
    def _tables(self) -> dict[str, set[str]]:
        """The names of these tables, each with its classes; without those that some object is given another of."""
        modules = self._machine.project.own()
        found: dict[str, set[str]] = {}
        for module in modules:
            for cls, name in self._machine.graph.tables.get(module.name, ()):
                found.setdefault(name, set()).add(cls)
        given = {name for module in modules for name in _GIVEN.findall(module.source.text)}
        return {name: classes for name, classes in found.items() if name not in given}
