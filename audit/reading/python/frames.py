"""The frame that a statement is interpreted in, and the call sites met there."""

import ast
from dataclasses import dataclass, field
from datetime import timedelta

from audit.model.reading_limit import ReadingLimitError
from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import ClassValue, External, Instance, Namespace, Origin, Plain, Table, Value
from audit.reading.python.equal_values import same
from audit.reading.python.modules import Module

_MAX_PARTS = 50


class ExhaustedError(ReadingLimitError):
    """The reading took more steps, or went deeper, than it may."""


@dataclass
class Frame:
    """Where a statement is read: its module, its own names, the scopes around, and how the flow ended so far."""

    module: Module
    names: Namespace
    outer: tuple[Namespace, ...] = ()
    qualifier: str = ""
    ended: str = ""
    returned: list[Value] = field(default_factory=list)
    # What it yields in turn, None for no generator; `depth`: how many branches were open when it was entered.
    yielded: list[Value] | None = None
    depth: int = 0
    # How many `try` or `suppress` around the statement being read let an import find nothing.
    guarded: int = 0

    @property
    def is_module(self) -> bool:
        """Whether these are a module's own statements."""
        return not self.outer and not self.qualifier

    def origin(self, node: ast.AST) -> Origin:
        """Lines of a node of this frame's module."""
        first = getattr(node, "lineno", 1)
        return Origin(self.module.source.path, first, getattr(node, "end_lineno", None) or first)

    def lookup(self, name: str) -> Value:
        """Value of a name by Python's scoping; a name bound nowhere is a built-in."""
        for scope in (self.names, *self.outer):
            if name in scope:
                return scope[name]
        return External(f"builtins.{name}")

    def is_cut(self, name: str) -> bool:
        """Whether what this name holds was too long to follow."""
        return any(name in scope.cut for scope in (self.names, *self.outer) if name in scope)


@dataclass(frozen=True)
class CallSite:
    """A call met while reading: what is called, with what, and where."""

    callee: Plain
    arguments: tuple[Value, ...]
    keywords: Table
    frame: Frame
    node: ast.AST

    def argument(self, position: int, name: str, default: Value = UNKNOWN) -> Value:
        """The argument given by position or by name, else `default`."""
        if position < len(self.arguments):
            return self.arguments[position]
        return self.keywords.get(name, default)

    @property
    def origin(self) -> Origin:
        """Lines of the call."""
        return self.frame.origin(self.node)


@dataclass(frozen=True, eq=False, slots=True)
class ActiveCall:
    """A call whose function has not returned yet."""

    symbol: str
    arguments: tuple[Value, ...]
    keywords: Table

    def repeats(self, other: "ActiveCall") -> bool:
        """Whether it is another's very call: given the same."""
        return same(self.arguments, other.arguments) and same(self.keywords, other.keywords)

    @property
    def is_concrete(self) -> bool:
        """Whether all that it is given is known, its receiver apart: what it tests then is known too."""
        given = [v for v in (*self.arguments, *self.keywords.values()) if not isinstance(v, Instance | ClassValue)]
        return bool(given) and all(map(_is_concrete, given))


def _is_concrete(value: Value) -> bool:
    """Whether a value is Python's own, and known as far as a few of its parts tell."""
    if isinstance(value, list | tuple | set | frozenset):
        return len(value) <= _MAX_PARTS and all(map(_is_concrete, value))
    if isinstance(value, dict):
        return len(value) <= _MAX_PARTS and all(map(_is_concrete, value.values()))
    return value is None or isinstance(value, bool | int | float | str | bytes | timedelta | range)
