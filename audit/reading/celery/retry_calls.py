"""Calls of `retry` whose delay can be worked out where they stand, without following the task around them."""

import ast

_ASKED = frozenset({"countdown", "max_retries", "eta", "throw"})
_COUNTS = frozenset({"request", "retries"})
# What may leave the task before it asks, so that a policy decides how many times it does.
_TESTS = (ast.If, ast.IfExp, ast.While, ast.Match, ast.Assert)
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def standing_calls(node: ast.FunctionDef | ast.AsyncFunctionDef, within: list[ast.AST], name: str) -> list[ast.Call]:
    """Every `self.retry(…)` of a task, when nothing else of its body decides what they ask for; none otherwise.

    `within` is every node of it, `name` what the task's own module calls it: `send.retry(…)` is allowed too.
    """
    arguments = [*node.args.posonlyargs, *node.args.args]
    owners = {name, *(a.arg for a in arguments[:1])}
    inside = [n for n in within if n is not node]
    calls = [
        n for n in inside if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "retry"
    ]
    own = {a.arg for a in [*arguments[1:], *node.args.kwonlyargs]} | {name for n in inside for name in _bound(n)}
    counted = {id(n) for call in calls for n in ast.walk(call)}
    decided = any(isinstance(n, ast.Attribute) and n.attr in _COUNTS and id(n) not in counted for n in inside)
    if decided or any(isinstance(n, (*_INNER, *_TESTS)) for n in inside) or _hands_over(inside, owners):
        return []
    return calls if all(_stands(call, owners, own) for call in calls) else []


def _stands(call: ast.Call, owners: set[str], own: set[str]) -> bool:
    """Whether what a call asks for names nothing that the body of the task binds."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    spread = (
        any(k.arg is None for k in call.keywords)
        or len(call.args) > 1
        or any(isinstance(a, ast.Starred) for a in call.args)
    )
    if spread or not isinstance(owner, ast.Name) or owner.id not in owners:
        return False
    asked = [k.value for k in call.keywords if k.arg in _ASKED]
    return not any(isinstance(n, ast.Name) and n.id in own for value in asked for n in ast.walk(value))


def _bound(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
    return [node.name] if isinstance(node, ast.ExceptHandler) and node.name else []


def _hands_over(inside: list[ast.AST], owners: set[str]) -> bool:
    """Whether the task gives itself to something that may retry it."""
    given = [a for n in inside if isinstance(n, ast.Call) for a in (*n.args, *(k.value for k in n.keywords))]
    return any(isinstance(a, ast.Name) and a.id in owners for a in given)
