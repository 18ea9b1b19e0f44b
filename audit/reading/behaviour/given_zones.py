"""Dates made without a time zone that are given one at once, or that are only shown."""

import ast
from collections.abc import Iterator

from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.child_nodes import walk

# What makes a date aware again, or only shows it.
_HARMLESS = frozenset({"astimezone", "timestamp", "strftime", "date", "time", "year", "month", "day", "tzinfo"})
_GIVE_A_ZONE = frozenset({"make_aware", "localize", "is_naive", "is_aware"})


def is_given_a_zone(scope: Scope, node: ast.expr) -> bool:
    """Whether a naive date gets its zone in the expression that holds it, or wherever its local name is read."""
    parent = scope.parents.get(node)
    if isinstance(parent, ast.keyword):
        parent = scope.parents.get(parent)
    if isinstance(parent, ast.Attribute):
        return _gives_a_zone(scope, parent)
    if isinstance(parent, ast.Call):
        return last(parent.func) in _GIVE_A_ZONE
    if isinstance(parent, ast.BinOp) or (isinstance(parent, ast.IfExp) and node is not parent.test):
        return is_given_a_zone(scope, parent)
    return _named(scope, parent) if isinstance(parent, ast.Assign | ast.AnnAssign) else False


def _gives_a_zone(scope: Scope, attribute: ast.Attribute) -> bool:
    """`.astimezone()`, `.replace(tzinfo=UTC)`; a `replace` of something else gives a date that is as naive."""
    call = scope.parents.get(attribute)
    if attribute.attr == "time" and call is not None and _decides(scope, call):
        return False
    if attribute.attr != "replace" or not isinstance(call, ast.Call):
        return attribute.attr in _HARMLESS
    zone = keyword(call, "tzinfo")
    if any(k.arg is None for k in call.keywords):
        return True
    if zone is not None or len(call.args) > 7:
        return not (isinstance(zone, ast.Constant) and zone.value is None)
    return is_given_a_zone(scope, call)


def _decides(scope: Scope, node: ast.AST) -> bool:
    """Whether an hour of the machine's zone is compared with another: `time(11) <= now.time()`, or a name that it is given."""
    parent = scope.parents.get(node)
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name) and scope.symbol:
        return any(_decides(scope, read) for read in _read_after(scope, parent.targets[0].id, parent))
    return isinstance(parent, ast.Compare)


def _named(scope: Scope, statement: ast.Assign | ast.AnnAssign) -> bool:
    """Whether each reading of the local name that a statement gives a date to gives it a zone, up to what replaces it."""
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    if not scope.symbol or not isinstance(target, ast.Name):
        return False
    read = list(_read_after(scope, target.id, statement))
    return bool(read) and all(is_given_a_zone(scope, name) for name in read)


def _read_after(scope: Scope, name: str, statement: ast.stmt) -> Iterator[ast.Name]:
    """The readings of a name below a statement, up to one of the same block, or of a test of the date's zone, that replaces it."""
    again = [n for n in scope.all(ast.Assign) if n.lineno > statement.lineno and _replaces(scope, n, name, statement)]
    end = min((n.end_lineno or n.lineno for n in again), default=None)
    for read in scope.all(ast.Name):
        below = read.lineno > (statement.end_lineno or statement.lineno) and (end is None or read.lineno <= end)
        if below and read.id == name and isinstance(read.ctx, ast.Load):
            yield read


def _replaces(scope: Scope, node: ast.Assign, name: str, statement: ast.stmt) -> bool:
    if not any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
        return False
    holder = scope.parents.get(node)
    if isinstance(holder, ast.If) and any(last(n) in {"is_naive", "is_aware", "tzinfo"} for n in _names(holder.test)):
        holder = scope.parents.get(holder)
    return holder is scope.parents.get(statement) or holder is scope.root


def _names(test: ast.expr) -> Iterator[ast.expr]:
    return (n for n in walk(test) if isinstance(n, ast.Name | ast.Attribute))
