"""How long a function waits: sleeps, and results it asks for."""

import ast
from collections.abc import Iterator, Sequence

from audit.model.observations.observation import Observation
from audit.model.observations.waits import ResultWait, Sleep
from audit.model.unknown import UNKNOWN, Unknown
from audit.reading.behaviour.scope import Scope, keyword, last

_SLEEPS = frozenset({"time.sleep", "asyncio.sleep", "gevent.sleep", "eventlet.sleep"})
_READS = frozenset({"get", "join", "wait", "collect", "join_native"})
_POLLED = frozenset({"ready", "state", "status", "successful", "failed"})
_PUBLISH = frozenset({"delay", "apply_async", "send_task", "delay_on_commit"})
_CANVAS = frozenset({"group", "chord", "chain", "AsyncResult", "GroupResult", "ResultSet"})


def waiting(scope: Scope) -> Iterator[Observation]:
    """The Sleep of a function, and each of its ResultWait."""
    if not scope.symbol:
        return
    sleeps = {call for call in scope.calls if _may_sleep(call) and scope.external(call.func) in _SLEEPS}
    if sleeps:
        first = min(sleeps, key=lambda c: c.lineno)
        yield scope.observed(Sleep, first, seconds=_Path(scope, sleeps).longest(scope.body))
    for call in scope.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in _READS and _is_result(scope, call.func.value):
            yield scope.observed(ResultWait, call)
    for loop in scope.all(ast.While):
        polled = [n for n in ast.walk(loop.test) if isinstance(n, ast.Attribute) and n.attr in _POLLED]
        if any(_is_result(scope, n.value) for n in polled):
            yield scope.observed(ResultWait, loop)


def _may_sleep(call: ast.Call) -> bool:
    # The name may be an alias: whatever is called by a bare name is looked up.
    return isinstance(call.func, ast.Name) or last(call.func) == "sleep"


class _Path:
    """The longest sum of sleeps on one path through statements."""

    def __init__(self, scope: Scope, sleeps: set[ast.Call]) -> None:
        self._scope, self._sleeps = scope, sleeps
        self._unknown = False

    def longest(self, statements: Sequence[ast.stmt]) -> float | Unknown:
        """Seconds, or UNKNOWN."""
        through, ended = self._all(statements)
        return UNKNOWN if self._unknown else max(through or 0.0, ended or 0.0)

    def _all(self, statements: Sequence[ast.stmt]) -> tuple[float | None, float | None]:
        """Longest path that goes on after these statements, and longest that leaves; None where there is none."""
        through, ended = 0.0, None
        for statement in statements:
            goes_on, leaves = self._one(statement)
            if leaves is not None:
                ended = max(ended or 0.0, through + leaves)
            if goes_on is None:
                return None, ended
            through += goes_on
        return through, ended

    def _one(self, node: ast.stmt) -> tuple[float | None, float | None]:
        if isinstance(node, ast.If):
            return _widest(self._all(node.body), self._all(node.orelse), own=self._inside(node.test))
        if isinstance(node, ast.Try | ast.TryStar):
            return self._try(node)
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            return self._loop(node), None
        if isinstance(node, ast.With | ast.AsyncWith):
            return self._all(node.body)
        if isinstance(node, ast.Match):
            return _widest(*(self._all(case.body) for case in node.cases), (0.0, None))
        own = self._inside(node)
        leaves = isinstance(node, ast.Return | ast.Raise | ast.Break | ast.Continue)
        return (None, own) if leaves else (own, None)

    def _try(self, node: ast.Try | ast.TryStar) -> tuple[float | None, float | None]:
        handlers = [self._all(h.body) for h in node.handlers]
        body, ended = self._all([*node.body, *node.orelse])
        caught = _widest(*handlers)[0] if handlers else None
        final = self._all(node.finalbody)[0] or 0.0
        through = [t + (caught or 0.0) + final for t in (body, caught) if t is not None]
        leaves = [e for e in (ended, *(h[1] for h in handlers)) if e is not None]
        return (max(through) if through else None), (max(leaves) + final if leaves else None)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While) -> float:
        through, ended = self._all(node.body)
        once = max(through or 0.0, ended or 0.0)
        if not once:
            return 0.0
        times = self._scope.evaluated(node.iter) if isinstance(node, ast.For) else UNKNOWN
        if isinstance(times, range | list | tuple | str | dict):
            return once * len(times)
        self._unknown = True
        return once

    def _inside(self, node: ast.AST) -> float:
        total = 0.0
        for inner in ast.walk(node):
            if inner in self._sleeps and isinstance(inner, ast.Call):
                given = inner.args[0] if inner.args else keyword(inner, "seconds") or keyword(inner, "delay")
                value = self._scope.value(given) if given is not None else UNKNOWN
                if isinstance(value, int | float):
                    total += value
                else:
                    self._unknown = True
        return total


def _widest(*branches: tuple[float | None, float | None], own: float = 0.0) -> tuple[float | None, float | None]:
    through = [t for t, _ in branches if t is not None]
    leaves = [e for _, e in branches if e is not None]
    return (max(through) + own if through else None), (max(leaves) + own if leaves else None)


def _is_result(scope: Scope, node: ast.expr, within: frozenset[str] = frozenset()) -> bool:
    """Whether an expression is the result of a task that was published. `within` are the loops followed, by their variable."""
    node = scope.given(node)
    if isinstance(node, ast.Name):
        return node.id not in within and _is_loop_over_results(scope, node, within | {node.id})
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Call | ast.BinOp):
        return _is_canvas(scope, node.func)
    name = last(node.func)
    if name in _PUBLISH and isinstance(node.func, ast.Attribute):
        return True
    return name in _CANVAS - {"group", "chord", "chain"} or (name == "apply_async" and _is_canvas(scope, node.func))


def _is_canvas(scope: Scope, node: ast.expr) -> bool:
    node = scope.given(node)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.BitOr) and any(_is_canvas(scope, side) for side in (node.left, node.right))
    return isinstance(node, ast.Call) and last(node.func) in {*_CANVAS, "s", "si", "signature"}


def _is_loop_over_results(scope: Scope, name: ast.Name, within: frozenset[str]) -> bool:
    """Whether a name runs over a list of results."""
    loops: list[ast.For | ast.comprehension] = [*scope.all(ast.For), *scope.all(ast.comprehension)]
    for loop in loops:
        if isinstance(loop.target, ast.Name) and loop.target.id == name.id:
            over = scope.given(loop.iter)
            if isinstance(over, ast.ListComp | ast.GeneratorExp) and _is_result(scope, over.elt, within):
                return True
            if isinstance(over, ast.List | ast.Tuple) and any(_is_result(scope, e, within) for e in over.elts):
                return True
    return False
