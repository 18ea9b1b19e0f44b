"""What the values of a function are worked out from: the expressions that its local names are given, one after another."""

import ast
from collections.abc import Callable, Iterator
from functools import cached_property

from audit.reading.behaviour.scope import Scope

_DEPTH = 6
_CHANGES = ast.Add | ast.Sub | ast.Mult | ast.Div | ast.FloorDiv | ast.BitOr | ast.Mod


class LocalFlow:
    """`is_read` says which calls read what is looked for."""

    def __init__(self, scope: Scope, is_read: Callable[[ast.Call], bool]) -> None:
        self._scope, self._is_read = scope, is_read

    def is_changed(self, node: ast.expr, depth: int = 0) -> bool:
        """Whether a value is what was read, with something added to it."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.BinOp) and isinstance(inner.op, _CHANGES) and self.comes_from(inner):
                return True
            if isinstance(inner, ast.Name) and depth < _DEPTH:
                if inner.id in self._added and self.comes_from(inner):
                    return True
                if any(self.is_changed(value, depth + 1) for value in self._given.get(inner.id, ())):
                    return True
        return False

    def comes_from(self, node: ast.expr, depth: int = 0) -> bool:
        """Whether a value is worked out from what was read."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and self._is_read(inner):
                return True
            given = self._given.get(inner.id, ()) if isinstance(inner, ast.Name) and depth < _DEPTH else ()
            if any(self.comes_from(value, depth + 1) for value in given):
                return True
        return False

    @cached_property
    def _given(self) -> dict[str, list[ast.expr]]:
        found: dict[str, list[ast.expr]] = {}
        for target, value in self._assignments():
            for name in ast.walk(target):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                    found.setdefault(name.id, []).append(value)
        return found

    def _assignments(self) -> Iterator[tuple[ast.expr, ast.expr]]:
        for node in self._scope.all(ast.Assign):
            yield from ((target, node.value) for target in node.targets)
        yield from ((n.target, n.value) for n in self._scope.all(ast.AnnAssign) if n.value)
        yield from ((n.target, n.value) for n in self._scope.all(ast.NamedExpr))
        yield from ((i.optional_vars, i.context_expr) for i in self._scope.all(ast.withitem) if i.optional_vars)

    @cached_property
    def _added(self) -> frozenset[str]:
        """Names whose value, or an entry of it, is added to in place."""
        changed = [n.target for n in self._scope.all(ast.AugAssign) if isinstance(n.op, _CHANGES)]
        for node in self._scope.all(ast.Assign):
            if any(isinstance(n, ast.BinOp) for n in ast.walk(node.value)):
                changed += [t for t in node.targets if isinstance(t, ast.Subscript) and _same_holder(t, node.value)]
        return frozenset(name for target in changed if (name := _holder(target)))


def _same_holder(target: ast.Subscript, value: ast.expr) -> bool:
    holder = _holder(target)
    return any(isinstance(n, ast.Name) and n.id == holder for n in ast.walk(value))


def _holder(target: ast.expr) -> str:
    while isinstance(target, ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""
