"""Reads through PostgREST that do not say how much they ask for: the server keeps the first thousand rows."""

import ast
from collections.abc import Iterator

from audit.model.observations.observation import Observation
from audit.model.observations.shared_data import BoundedRead, UnboundedRead
from audit.reading.behaviour.scope import Scope, chain, keyword, last

_BOUNDS = frozenset({"limit", "range", "single", "maybe_single", "csv"})
_WRITES = frozenset({"insert", "update", "upsert", "delete", "rpc"})


def unpaged_reads(scope: Scope) -> Iterator[Observation]:
    """UnboundedRead: `table(…).select(…)…execute()` without `limit`, `range` or `single`; BoundedRead: with one."""
    if not scope.symbol:
        return
    for call in scope.calls:
        if last(call.func) != "execute" or call.args:
            continue
        calls = list(_whole_chain(scope, call))
        names = {last(c.func) for c in calls}
        if "select" not in names or not names & {"table", "from_"} or names & _WRITES:
            continue
        bounded = bool(names & _BOUNDS) or any(_counts(c) or _names_one_row(c) for c in calls)
        yield scope.observed(BoundedRead if bounded else UnboundedRead, call)


def _whole_chain(scope: Scope, call: ast.Call) -> Iterator[ast.Call]:
    """The calls of the chain, those given to the names it goes through included."""
    pending: list[ast.expr] = [call]
    seen: set[str] = set()
    while pending:
        node = pending.pop()
        calls = list(chain(node))
        yield from calls
        root: ast.expr = node
        while isinstance(root, ast.Call | ast.Attribute | ast.Await):
            root = root.func if isinstance(root, ast.Call) else root.value
        if isinstance(root, ast.Name) and root.id not in seen:
            seen.add(root.id)
            for assign in scope.all(ast.Assign):
                pending += [assign.value for t in assign.targets if isinstance(t, ast.Name) and t.id == root.id]


def _counts(call: ast.Call) -> bool:
    return last(call.func) == "select" and keyword(call, "head") is not None


def _names_one_row(call: ast.Call) -> bool:
    if last(call.func) != "eq" or not call.args or not isinstance(call.args[0], ast.Constant):
        return False
    return call.args[0].value in {"id", "uuid"}
