"""What runs where a method only says what others do: that of a protocol, or of an abstract class."""

import ast
from collections.abc import Iterator
from functools import cached_property

from audit.model.facts import Call, Unresolved
from audit.reading.python.abstract_values import ClassValue, External, FunctionValue, last_name, unwrap
from audit.reading.python.classes import class_attribute, lineage
from audit.reading.python.interpreter import Machine
from audit.reading.python.syntax_cache import Definition


def says_nothing(node: Definition) -> bool:
    """Whether a function does nothing by itself: its text, `...`, or `raise NotImplementedError`."""
    return all(_is_empty(statement) for statement in node.body)


def _is_empty(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Raise):
        return statement.exc is not None and "NotImplementedError" in ast.unparse(statement.exc)
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


class Implementations:
    """Finds the methods of the project that do what a method of a protocol, or of an abstract class, says."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def run_by(self, symbol: str, node: Definition) -> tuple[Call, ...]:
        """The call of the only one there is; where there are several, one of them is called, and nobody knows which."""
        owner, _, name = symbol.rpartition(".")
        if not owner or not says_nothing(node):
            return ()
        cls = unwrap(self._machine.resolve(owner))[0]
        found = [*dict.fromkeys(self._of(cls, name))] if isinstance(cls, ClassValue) else []
        if len(found) == 1:
            return (Call(name, found[0]),)
        return (Call(f"self.{name}", unresolved=Unresolved.METHOD),) if found else ()

    def _of(self, cls: ClassValue, name: str) -> Iterator[str]:
        protocol = any(isinstance(base, External) and last_name(base) == "Protocol" for base in cls.bases)
        asked = [key for key, value in cls.names.items() if isinstance(unwrap(value)[0], FunctionValue)]
        for other in self.classes:
            if other is cls or not (
                cls in lineage(other) or (protocol and all(isinstance(k, str) and self._has(other, k) for k in asked))
            ):
                continue
            method = unwrap(class_attribute(other, name))[0]
            if isinstance(method, FunctionValue) and not says_nothing_of(method):
                yield method.symbol

    def _has(self, cls: ClassValue, name: str) -> bool:
        return isinstance(unwrap(class_attribute(cls, name))[0], FunctionValue)

    @cached_property
    def classes(self) -> list[ClassValue]:
        """The classes of the program, by the modules that define them."""
        tables = (self._machine.globals.get(module.name) for module in self._machine.project.own())
        held = (unwrap(value)[0] for table in tables if table for value in table.values())
        return [*dict.fromkeys(value for value in held if isinstance(value, ClassValue))]


def says_nothing_of(method: FunctionValue) -> bool:
    """The same, of a function that was met."""
    return not isinstance(method.node, ast.Lambda) and says_nothing(method.node)
