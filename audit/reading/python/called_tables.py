"""Functions of the project that a call takes from a table: `HANDLERS[kind](…)`, `for step in STEPS: step(…)`, `MODULES[name].run()`."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from audit.reading.python.abstract_values import FunctionValue, Table, Value, unwrap
from audit.reading.python.child_nodes import literal_text, walk
from audit.reading.python.name_resolution import Resolver, dotted, symbol_of
from audit.reading.python.syntax_cache import Definition

_ENTRIES = frozenset({"get", "pop", "values", "items", "__getitem__"})


@dataclass(frozen=True)
class TableCall:
    """Symbols of what a table holds; `whole`: nothing else may be in it."""

    symbols: tuple[str, ...]
    whole: bool


class CalledTables:
    """The tables that the calls of one function take their callees from."""

    def __init__(self, resolver: Resolver, inside: Sequence[ast.AST]) -> None:
        self._resolver, self._inside = resolver, inside

    def called_by(self, callee: ast.expr) -> TableCall | None:
        """What a call may run of a table that was read, or of what a function returns; None where it takes its callee from neither."""
        if isinstance(callee, ast.Name) and (returned := self._returned(callee.id)):
            return returned
        attribute = callee.attr if isinstance(callee, ast.Attribute) else ""
        base = self._table_of(callee.value if isinstance(callee, ast.Attribute) else callee)
        name = dotted(base) if base is not None else ""
        table = unwrap(self._resolver.value_of(name))[0] if name else None
        if not isinstance(table, dict | list | tuple) or not table:
            return None
        key = self._key(callee.value if isinstance(callee, ast.Attribute) else callee)
        chosen = [table[key]] if isinstance(table, dict) and key in table else []
        values = [unwrap(v)[0] for v in chosen or (table.values() if isinstance(table, dict) else table)]
        held = [leaf for value in values for leaf in _leaves(value)]
        symbols = [symbol_of(self._resolver.attribute_of(v, attribute) if attribute else v) for v in held]
        if not any(symbols):
            return None
        whole = all(symbols) and not (isinstance(table, Table) and table.opaque) and not _grows(self._resolver, name)
        return TableCall(tuple(dict.fromkeys(filter(None, symbols))), whole)

    def _returned(self, name: str) -> TableCall | None:
        """The functions of which a local name holds one, by `name = choose()`: each is named by a `return` of the project's."""
        given = [value for looped, value in self._given.get(name, []) if not looped]
        call = given[0] if len(given) == 1 == len(self._given[name]) else None
        chooser = (
            self._resolver.value_of(dotted(call.func)) if isinstance(call, ast.Call) and dotted(call.func) else None
        )
        if not isinstance(chooser, FunctionValue) or isinstance(chooser.node, ast.Lambda) or chooser.decorators:
            return None
        inside = [n for statement in chooser.node.body for n in walk(statement)]
        if any(isinstance(n, Definition | ast.Lambda | ast.Yield | ast.YieldFrom) for n in inside):
            return None
        told = [n.value for n in inside if isinstance(n, ast.Return) and n.value is not None]
        values = [v for v in told if not (isinstance(v, ast.Constant) and v.value is None)]
        stored = {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        named = [v.id if isinstance(v, ast.Name) and v.id not in stored else "" for v in values]
        symbols = [symbol_of(self._resolver.of_module(chooser.module, one)) if one else "" for one in named]
        return TableCall(tuple(dict.fromkeys(filter(None, symbols))), all(symbols)) if any(symbols) else None

    def _key(self, node: ast.expr) -> str:
        """The literal key of the entry that is called; empty for any other."""
        asked = node.slice if isinstance(node, ast.Subscript) else None
        return literal_text(asked)

    def _table_of(self, node: ast.expr) -> ast.expr | None:
        """The expression of the table that something is an entry of."""
        for _ in range(3):
            if isinstance(node, ast.Subscript):
                return node.value
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ENTRIES:
                return node.func.value
            given = self._given.get(node.id, []) if isinstance(node, ast.Name) else []
            if len(given) != 1:
                return None
            looped, node = given[0]
            if looped and not isinstance(node, ast.Call):
                return node
        return None

    @cached_property
    def _given(self) -> dict[str, list[tuple[bool, ast.expr]]]:
        """Local names by what they are given: each a value, or what a loop goes over."""
        found: dict[str, list[tuple[bool, ast.expr]]] = {}
        for node in self._inside:
            if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
                targets, given = [node.target], (True, node.iter)
            elif isinstance(node, ast.Assign):
                targets, given = node.targets, (False, node.value)
            elif isinstance(node, ast.NamedExpr):
                targets, given = [node.target], (False, node.value)
            else:
                continue
            for name in (n.id for t in targets for n in walk(t) if isinstance(n, ast.Name)):
                found.setdefault(name, []).append(given)
        return found


def _leaves(value: Value) -> Iterator[Value]:
    """A value; what it holds, when an entry is itself a list of several things."""
    if isinstance(value, list | tuple):
        yield from (unwrap(v)[0] for v in value if not isinstance(unwrap(v)[0], str | int | float | None))
    else:
        yield value


def _grows(resolver: Resolver, name: str) -> bool:
    """Whether something in the project adds to the table by its name."""
    own = re.escape(name.rpartition(".")[2])
    adds = re.compile(
        rf"\b{own}\s*\[[^\]\n]*\]\s*=(?!=)|\b{own}\s*(\+=|\|=)|\b{own}\.(update|setdefault|append|extend|add|insert|register)\b"
    )
    return resolver.is_written(adds)
