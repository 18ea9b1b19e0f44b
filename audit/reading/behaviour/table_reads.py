"""Reads through PostgREST that do not say how much they ask for: the server keeps the first thousand rows."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.shared_data import BoundedRead, PostgrestClient, UnboundedRead
from audit.reading.behaviour.scope import Scope, chain, keyword, last

_BOUNDS = frozenset({"limit", "range", "single", "maybe_single", "csv"})
_AGGREGATE = re.compile(r"^\s*(\w+:)?(\w+\.)?(count|sum|avg|min|max)\(\)\s*$")
_CLIENTS = re.compile(r"^create_(?:async_)?client$|^(?:Sync|Async)?(?:Postgrest)?Client$|^acreate_client$")
_WRITES = frozenset({"insert", "update", "upsert", "delete", "rpc"})


def unpaged_reads(scope: Scope) -> Iterator[BoundedRead | UnboundedRead]:
    """UnboundedRead: `table(…).select(…)…execute()` without `limit`, `range` or `single`; BoundedRead: with one; PostgrestClient."""
    for call in scope.calls:
        if _makes_a_client(scope, call) and ".execute(" not in scope.module.source.text:
            yield scope.observed(PostgrestClient, call)
        if not scope.symbol:
            continue
        if last(call.func) != "execute" or call.args:
            continue
        calls = list(_whole_chain(scope, call))
        names = {last(c.func) for c in calls}
        if not names & {"table", "from_"}:
            continue
        if names & _WRITES:
            # Its answer is of the rows that it writes.
            yield scope.observed(BoundedRead, call)
        if "select" not in names or names & _WRITES:
            continue
        counted = any(_asks_for_a_count(c) for c in calls) and _gives_only_its_count(scope, call)
        bounded = bool(names & _BOUNDS) or counted or any(_counts(c) or _names_one_row(c) for c in calls)
        yield scope.observed(BoundedRead, call) if bounded else scope.observed(UnboundedRead, call)


def _makes_a_client(scope: Scope, call: ast.Call) -> bool:
    if not _CLIENTS.match(last(call.func)):
        return False
    return scope.external(call.func).partition(".")[0] in {"supabase", "postgrest"}


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
    """Whether no row is asked for, or a single one that the database works out."""
    if last(call.func) != "select":
        return False
    columns = call.args[0].value if len(call.args) == 1 and isinstance(call.args[0], ast.Constant) else ""
    return keyword(call, "head") is not None or bool(_AGGREGATE.match(str(columns)))


def _asks_for_a_count(call: ast.Call) -> bool:
    return last(call.func) == "select" and keyword(call, "count") is not None


def _gives_only_its_count(scope: Scope, call: ast.Call) -> bool:
    """Whether nothing but `count` is read of the answer, which the server works out over all rows."""
    around = next((n for n in scope.around(call) if not isinstance(n, ast.Await)), None)
    if isinstance(around, ast.Attribute):
        return around.attr == "count"
    if not isinstance(around, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        return False
    targets = around.targets if isinstance(around, ast.Assign) else [around.target]
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    uses = [n for n in scope.all(ast.Name) if n.id in names and isinstance(n.ctx, ast.Load)]
    read = [scope.parents.get(use) for use in uses]
    return len(names) == len(targets) and all(isinstance(n, ast.Attribute) and n.attr == "count" for n in read)


def _names_one_row(call: ast.Call) -> bool:
    if last(call.func) != "eq" or not call.args or not isinstance(call.args[0], ast.Constant):
        return False
    return call.args[0].value in {"id", "uuid"}
