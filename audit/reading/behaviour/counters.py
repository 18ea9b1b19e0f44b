"""Shared values read, changed, then written back: two executions at once lose one change."""

import ast
from collections.abc import Iterator

from audit.model.observations.observation import Observation
from audit.model.observations.shared_data import ReadModifyWrite
from audit.reading.behaviour.scope import Scope, last

_LOCKED = frozenset(
    {"select_for_update", "with_for_update", "lock", "Lock", "watch", "acquire", "transaction", "register_script"}
)
_SETTERS = frozenset({"set", "setex", "hset", "mset"})
_GETTERS = frozenset({"get", "hget"})


def unprotected_counters(scope: Scope) -> Iterator[Observation]:
    """ReadModifyWrite: on a row that is saved, a key of a store, or a column of an update."""
    if not scope.symbol or any(last(c.func) in _LOCKED for c in scope.calls) or takes_a_lock(scope):
        return
    changes: list[ast.AugAssign | ast.Assign] = [*scope.all(ast.AugAssign), *scope.all(ast.Assign)]
    for node in changes:
        holder = _changed_row(node)
        if holder and _is_saved(scope, holder):
            yield scope.observed(ReadModifyWrite, node, statement=ast.unparse(node)[:80])
    for call in scope.calls:
        name = last(call.func)
        if (name in _SETTERS and _sets_what_it_got(scope, call)) or (
            name == "update" and _adds_to_a_column(scope, call)
        ):
            yield scope.observed(ReadModifyWrite, call, statement=ast.unparse(call)[:80])


def takes_a_lock(scope: Scope) -> bool:
    """Whether a `with` of the function speaks of a lock."""
    blocks: list[ast.With | ast.AsyncWith] = [*scope.all(ast.With), *scope.all(ast.AsyncWith)]
    return any("lock" in ast.unparse(item.context_expr).lower() for block in blocks for item in block.items)


def _changed_row(node: ast.AugAssign | ast.Assign) -> str:
    """`row` for `row.count += 1` and `row.count = row.count + 1`; empty for anything else."""
    target = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
    if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name) or target.value.id == "self":
        return ""
    if isinstance(node, ast.AugAssign):
        arithmetic = isinstance(node.op, ast.Add | ast.Sub) and not isinstance(node.value, ast.List | ast.JoinedStr)
    else:
        arithmetic = _is_sum(node.value) and ast.unparse(target) in ast.unparse(node.value)
    text = any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in ast.walk(node.value))
    # Django's F() and SQLAlchemy's columns (an upper-case holder) make it one statement of the database.
    held = any(isinstance(n, ast.Call) and last(n.func) in {"F", "Value"} for n in ast.walk(node.value))
    columns = any(isinstance(n, ast.Attribute) and last(n.value)[:1].isupper() for n in ast.walk(node.value))
    return target.value.id if arithmetic and not text and not held and not columns else ""


def _is_sum(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)


def _is_saved(scope: Scope, holder: str) -> bool:
    for call in scope.calls:
        if last(call.func) in {"save", "asave"} and isinstance(call.func, ast.Attribute):
            if isinstance(call.func.value, ast.Name) and call.func.value.id == holder:
                return True
        elif last(call.func) == "commit":
            return True
    return False


def _sets_what_it_got(scope: Scope, call: ast.Call) -> bool:
    """Whether a key is given a value worked out from the one read under the same key."""
    if len(call.args) < 2:
        return False
    key = ast.dump(scope.given(call.args[0]))
    for argument in call.args[1:]:
        value = scope.given(argument)
        if not any(_is_sum(n) for n in ast.walk(value) if isinstance(n, ast.expr)):
            continue
        for node in ast.walk(value):
            inner = scope.given(node) if isinstance(node, ast.Name) else node
            reads = [n for n in ast.walk(inner) if isinstance(n, ast.Call) and last(n.func) in _GETTERS and n.args]
            if any(ast.dump(scope.given(read.args[0])) == key for read in reads):
                return True
    return False


def _adds_to_a_column(scope: Scope, call: ast.Call) -> bool:
    """`.update({"count": row["count"] + 1})`."""
    given = scope.given(call.args[0]) if call.args else None
    if not isinstance(given, ast.Dict):
        return False
    for key, value in zip(given.keys, given.values, strict=True):
        if isinstance(key, ast.Constant) and _is_sum(scope.given(value)):
            for node in ast.walk(scope.given(value)):
                if isinstance(node, ast.Subscript) and getattr(node.slice, "value", None) == key.value:
                    return True
    return False
