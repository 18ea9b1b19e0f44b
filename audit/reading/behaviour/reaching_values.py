"""What a local name may have been given where it stands: its last values, not those that a later one replaced."""

import ast
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence

from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.child_nodes import walk

_ADDING = frozenset({"append", "add", "extend", "insert", "update", "setdefault", "appendleft"})
_Live = frozenset[ast.AST]
_NOTHING: _Live = frozenset()


def is_named(target: ast.AST | None, name: str) -> bool:
    """Whether this is that name alone."""
    return isinstance(target, ast.Name) and target.id == name


def keeps_parameter(scope: Scope, use: ast.Name) -> bool:
    """Whether a name may still have, where it stands, the value that it had when the function began."""
    return scope.root in _live(scope, use)


def values(scope: Scope, use: ast.Name, pairs: Container[str]) -> Iterator[ast.expr]:
    """What a name may be given where it stands, what fills it, and what gives it first of two (calls of `pairs`)."""
    own = [g for n in scope.around(use) for g in getattr(n, "generators", ()) if is_named(g.target, use.id)]
    if own := [g for g in own if not any(n is use for n in walk(g.iter))]:
        # A comprehension has names of its own.
        yield own[0].iter
        return
    for node in sorted(_live(scope, use), key=lambda n: (getattr(n, "lineno", 0), getattr(n, "col_offset", 0))):
        if isinstance(node, ast.Assign):
            yield from _assigned(node, use.id, pairs)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign) and node.value:
            yield node.value
        elif isinstance(node, ast.For | ast.AsyncFor) and is_named(node.target, use.id):
            yield node.iter
        elif isinstance(node, ast.Call):
            yield from (*node.args, *(k.value for k in node.keywords))


def _assigned(node: ast.Assign, name: str, pairs: Container[str]) -> Iterator[ast.expr]:
    for target in node.targets:
        if is_named(target, name) or (isinstance(target, ast.Subscript) and is_named(target.value, name)):
            yield node.value
        elif isinstance(target, ast.Tuple) and target.elts and is_named(target.elts[0], name):
            value = node.value.value if isinstance(node.value, ast.Await) else node.value
            if isinstance(value, ast.Call) and last(value.func) in pairs:
                yield value


def _live(scope: Scope, use: ast.Name) -> _Live:
    """What gave the name its value, the function itself for a parameter; everything that ever did for one of no text."""
    if use.id not in scope.flows:
        scope.flows[use.id] = _Flow(scope, use.id).before
    before = scope.flows[use.id]
    statement = next((n for n in scope.around(use) if n in before), None)
    return before[statement] if statement else _NOTHING.union(*before.values())


class _Flow:
    """Follows one name through the statements of a function, in the order in which they run."""

    def __init__(self, scope: Scope, name: str) -> None:
        self._name = name
        # What the name may have been given, before each statement.
        self.before: dict[ast.AST, _Live] = defaultdict(frozenset)
        self._left = _NOTHING
        self._inside: dict[ast.AST, set[ast.AST]] = defaultdict(set)
        filling: list[ast.expr] = [n for n in scope.all(ast.NamedExpr) if is_named(n.target, name)]
        filling += [c for c in scope.calls if isinstance(c.func, ast.Attribute) and self._fills(c.func)]
        for node in filling:
            self._inside[next((n for n in scope.around(node) if isinstance(n, ast.stmt)), scope.root)].add(node)
        self._block(scope.body, frozenset({scope.root}))

    def _fills(self, method: ast.Attribute) -> bool:
        return method.attr in _ADDING and is_named(method.value, self._name)

    def _block(self, statements: Sequence[ast.stmt], live: _Live) -> _Live:
        for statement in statements:
            live = self._after(statement, live | self._inside.get(statement, _NOTHING))
        return live

    def _after(self, node: ast.stmt, live: _Live) -> _Live:
        self.before[node] |= live
        if isinstance(node, ast.Return | ast.Raise | ast.Continue | ast.Break):
            self._left |= live if isinstance(node, ast.Continue | ast.Break) else _NOTHING
            return _NOTHING
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            return self._after_loop(node, live)
        if isinstance(node, ast.Try | ast.TryStar):
            return self._after_try(node, live)
        if isinstance(node, ast.If | ast.Match):
            blocks = [node.body, node.orelse] if isinstance(node, ast.If) else [[], *(c.body for c in node.cases)]
            return _NOTHING.union(*(self._block(block, live) for block in blocks))
        if isinstance(node, ast.With | ast.AsyncWith):
            given = any(item.optional_vars and self._is_given(item.optional_vars) for item in node.items)
            return self._block(node.body, frozenset({node}) if given else live)
        return self._after_simple(node, live)

    def _after_simple(self, node: ast.stmt, live: _Live) -> _Live:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if (
            isinstance(node, ast.Assign | ast.AnnAssign)
            and node.value
            and any(map(self._is_given, filter(None, targets)))
        ):
            return frozenset({node})
        entries = [t.value for t in targets if isinstance(t, ast.Subscript)]
        entries += [node.target] if isinstance(node, ast.AugAssign) else []
        return live | {node} if any(is_named(e, self._name) for e in entries) else live

    def _after_loop(self, node: ast.For | ast.AsyncFor | ast.While, live: _Live) -> _Live:
        around, self._left = self._left, _NOTHING
        given = not isinstance(node, ast.While) and self._is_given(node.target)
        for _ in range(2):
            self.before[node] |= live
            live |= self._block(node.body, frozenset({node}) if given else live) | self._left
        self._left = around
        return self._block(node.orelse, live)

    def _after_try(self, node: ast.Try | ast.TryStar, live: _Live) -> _Live:
        done = self._block(node.body, live)
        inside = (self.before[n] for s in node.body for n in walk(s) if n in self.before)
        caught = done.union(live, *inside)
        ends = self._block(node.orelse, done).union(*(self._block(h.body, caught) for h in node.handlers))
        self._block(node.finalbody, caught)
        return self._block(node.finalbody, ends)

    def _is_given(self, target: ast.AST) -> bool:
        return is_named(target, self._name) or (
            isinstance(target, ast.Tuple | ast.List) and any(map(self._is_given, target.elts))
        )
