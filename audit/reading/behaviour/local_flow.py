"""What the values of a function are worked out from: the expressions that its local names are given, one after another."""

import ast
from collections.abc import Callable, Iterator
from functools import cached_property

from audit.model.word_tables import word_set
from audit.reading.behaviour.scope import Scope
from audit.reading.python.child_nodes import walk

_ADDS = word_set("append add extend insert update setdefault remove discard pop appendleft")
_CHANGES = ast.Add | ast.Sub | ast.Mult | ast.Div | ast.FloorDiv | ast.BitOr | ast.Mod


class LocalFlow:
    """`is_read` says which calls read what is looked for."""

    def __init__(self, scope: Scope, is_read: Callable[[ast.Call], bool]) -> None:
        self._scope, self._is_read = scope, is_read
        self._read: dict[ast.expr, bool] = {}

    def is_changed(self, node: ast.expr) -> bool:
        """Whether a value is what was read, with something added to it."""
        return any(self._is_changed_here(value) for value in self._behind(node))

    def comes_from(self, node: ast.expr) -> bool:
        """Whether a value is worked out from what was read."""
        return any(self._reads(value) for value in self._behind(node))

    def _is_changed_here(self, node: ast.expr) -> bool:
        for inner in walk(node):
            is_sum = isinstance(inner, ast.BinOp) and isinstance(inner.op, _CHANGES)
            is_added = isinstance(inner, ast.Name) and inner.id in self._added
            if (is_sum or is_added) and isinstance(inner, ast.expr) and self.comes_from(inner):
                return True
        return False

    def _reads(self, node: ast.expr) -> bool:
        if node not in self._read:
            self._read[node] = any(isinstance(n, ast.Call) and self._is_read(n) for n in walk(node))
        return self._read[node]

    def _behind(self, node: ast.expr) -> Iterator[ast.expr]:
        """The expression, and those given to the names in it, to the names in these, and so on; each once."""
        seen: set[str] = set()
        todo = [node]
        while todo:
            value = todo.pop()
            yield value
            names = {n.id for n in walk(value) if isinstance(n, ast.Name)} - seen
            seen |= names
            todo += [given for name in sorted(names) for given in self._given.get(name, ())]

    @cached_property
    def _given(self) -> dict[str, list[ast.expr]]:
        found: dict[str, list[ast.expr]] = {}
        for target, value in self._assignments():
            for name in walk(target):
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
        changed: list[ast.expr] = [n.target for n in self._scope.all(ast.AugAssign) if isinstance(n.op, _CHANGES)]
        changed += [
            c.func.value for c in self._scope.calls if isinstance(c.func, ast.Attribute) and c.func.attr in _ADDS
        ]
        if "contextmanager" in " ".join(map(ast.unparse, getattr(self._scope.root, "decorator_list", []))):
            # What it yields, whoever uses the block may change.
            changed += [n.value for n in self._scope.all(ast.Yield) if isinstance(n.value, ast.Name)]
        for node in self._scope.all(ast.Assign):
            if any(isinstance(n, ast.BinOp) for n in walk(node.value)):
                changed += [t for t in node.targets if isinstance(t, ast.Subscript) and _same_holder(t, node.value)]
        return frozenset(name for target in changed if (name := _holder(target)))


def _same_holder(target: ast.Subscript, value: ast.expr) -> bool:
    holder = _holder(target)
    return any(isinstance(n, ast.Name) and n.id == holder for n in walk(value))


def _holder(target: ast.expr) -> str:
    while isinstance(target, ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""
