"""Where a local name was last given a value, on every way to a place of the same function."""

import ast
from collections.abc import Sequence

from audit.reading.behaviour.scope import Scope
from audit.reading.python.child_nodes import walk

_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def given_since(scope: Scope, node: ast.Name) -> int:
    """The line of the statement that gives a name a value on every way to this place; 0 where none does.

    What the name was given before that line is gone there.
    """
    below: ast.AST = node
    for holder in scope.around(node):
        block: Sequence[ast.stmt] = next(
            (b for field in ("body", "orelse", "finalbody") if _is_in(below, b := getattr(holder, field, ()))), ()
        )
        before = block[: block.index(below)] if isinstance(below, ast.stmt) and block else ()
        if line := _given_in(before, node.id):
            return line
        if isinstance(holder, ast.For | ast.AsyncFor) and below in holder.body and _binds(holder.target, node.id):
            return holder.lineno
        below = holder
    return 0


def _is_in(node: ast.AST, block: object) -> bool:
    return isinstance(block, list) and node in block


def _given_in(block: Sequence[ast.stmt], name: str) -> int:
    """The line of the last of these statements that gives the name a value whatever happens; 0 for none."""
    return next((line for statement in reversed(block) if (line := _given_by(statement, name))), 0)


def _given_by(statement: ast.stmt, name: str) -> int:
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        given = statement.value is not None and any(_binds(target, name) for target in targets)
        return statement.lineno if given else 0
    if isinstance(statement, ast.With | ast.AsyncWith):
        return _given_in(statement.body, name)
    branches: list[Sequence[ast.stmt]] = []
    if isinstance(statement, ast.If):
        branches = [statement.body, statement.orelse]
    elif isinstance(statement, ast.Try):
        branches = [[*statement.body, *statement.orelse], *(h.body for h in statement.handlers)]
    every = branches and all(_given_in(b, name) or (b and isinstance(b[-1], _LEAVES)) for b in branches)
    return statement.lineno if every and any(_given_in(b, name) for b in branches) else 0


def _binds(target: ast.expr, name: str) -> bool:
    """Whether a target is this name, or unpacks to it; an entry or an attribute of it is not."""
    return any(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for n in walk(target))
