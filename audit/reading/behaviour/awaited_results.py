"""Results that a function awaits and that another one gives it: what is surely done before they are given."""

import ast
from collections.abc import Iterator

from audit.reading.behaviour.scope import last
from audit.reading.python.child_nodes import children, walk

_MADE = frozenset({"create_future", "Future"})
_BRANCHES = (ast.If, ast.IfExp, ast.BoolOp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.Match, ast.Lambda)
_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Results:
    """What one function awaits, gives, and does before it gives."""

    def __init__(self, tree: ast.AST) -> None:
        self._tree = tree
        self._parents = {child: node for node in walk(tree) for child in children(node)}
        self._calls = [n for n in walk(tree) if isinstance(n, ast.Call)]
        self._given = [c for c in self._calls if last(c.func) == "set_result"]

    @property
    def awaits_one(self) -> bool:
        """Whether it returns only once somebody gives a result to a future that it made."""
        made = {
            t.id
            for n in walk(self._tree)
            if isinstance(n, ast.Assign | ast.AnnAssign)
            and isinstance(n.value, ast.Call)
            and last(n.value.func) in _MADE
            for t in (n.targets if isinstance(n, ast.Assign) else [n.target])
            if isinstance(t, ast.Name)
        }
        waits = [n for n in walk(self._tree) if isinstance(n, ast.Await) and not self._branches(n)]
        return any(isinstance(n, ast.Name) and n.id in made for wait in waits for n in walk(wait))

    @property
    def gives(self) -> bool:
        """Whether it gives somebody a result."""
        return bool(self._given)

    @property
    def first(self) -> frozenset[str]:
        """The calls, as written, that are made before any result that it gives; of one that gives none, before it returns."""
        return frozenset(ast.unparse(call.func) for call in self._sure)

    @property
    def runs(self) -> frozenset[str]:
        """Attributes of its object that it calls, or gives to what it awaits, before the same."""
        called = [c.func for c in self._sure]
        awaited = [c for c in self._sure if any(isinstance(n, ast.Await) for n in self._around(c))]
        given = [*called, *(a for c in awaited for a in c.args)]
        return frozenset(n.attr for n in given if isinstance(n, ast.Attribute) and last(n.value) == "self")

    @property
    def keeps(self) -> frozenset[str]:
        """Attributes of its object that hold one of its parameters."""
        names = {a.arg for a in walk(self._tree) if isinstance(a, ast.arg)}
        pairs = [p for n in walk(self._tree) if isinstance(n, ast.Assign) for p in _pairs(n.targets[0], n.value)]
        return frozenset(
            t.attr for t, v in pairs if isinstance(t, ast.Attribute) and isinstance(v, ast.Name) and v.id in names
        )

    @property
    def _sure(self) -> list[ast.Call]:
        if any(isinstance(n, ast.ExceptHandler) for given in self._given for n in self._around(given)):
            return []
        return [c for c in self._calls if c not in self._given and self._is_before(c)]

    def _is_before(self, call: ast.Call) -> bool:
        """Whether each result is given after this call has returned: it stands before, on the only way there."""
        for given in self._given:
            if not call.lineno < given.lineno or not self._branches(call) <= {*self._around(given)}:
                return False
        return (bool(self._given) or not self._branches(call)) and not self._is_passed_over(call)

    def _branches(self, node: ast.AST) -> set[ast.AST]:
        """What may keep a node from being reached."""
        return {n for n in self._around(node) if isinstance(n, (*_BRANCHES, *_FUNCTIONS)) and n is not self._tree}

    def _is_passed_over(self, call: ast.Call) -> bool:
        """Whether the function goes on where this call raised an error."""
        tried = [n for n in self._around(call) if isinstance(n, ast.Try | ast.TryStar)]
        return any(not isinstance(h.body[-1], _LEAVES) for one in tried for h in one.handlers)

    def _around(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self._parents:
            node = self._parents[node]
            yield node


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=False))
    return [(target, value)]
