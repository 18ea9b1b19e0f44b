"""Waits for what a task that was just published answers by another way: a list of Redis, a channel, a row."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.waits import ResultWait
from audit.model.word_tables import word_set
from audit.reading.behaviour.published_calls import METHODS
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.child_nodes import walk

_BLOCKING = word_set("blpop brpop blmove brpoplpush blmpop bzpopmin bzpopmax xread subscribe")
_LEAVES = (ast.Break, ast.Return)
# What reads: a loop that tries again to do something asks nothing of the other task.
_READS = re.compile(
    r"(?i)^(h?m?get\w*|exists?|filter\w*|find\w*|fetch\w*|query|select\w*|refresh\w*|\w*status\w*|\w*state\w*|load\w*|read\w*|first|one|scalar\w*|"
    r"count|check\w*|is_\w+|has_\w+|\w*done|\w*ready|\w*finished|llen|lrange|smembers|sismember)$"
)


def awaited_answers(scope: Scope) -> Iterator[ResultWait]:
    """ResultWait: what a published task was given, and is asked for again and again, or until something comes."""
    given = list(_given(scope)) if scope.symbol else []
    if not given:
        return
    for call in scope.calls:
        if last(call.func) in _BLOCKING and _names_one(call, given, call.lineno):
            yield scope.observed(ResultWait, call, through=f"par `{last(call.func)}`")
    loops: list[ast.For | ast.While] = [*scope.all(ast.For), *scope.all(ast.While)]
    for loop in loops:
        if asked := _polls(loop, given):
            yield scope.observed(ResultWait, loop, through=f"peut-être par `{ast.unparse(asked.func)}`", perhaps=True)


def _given(scope: Scope) -> Iterator[tuple[int, str]]:
    """The names that a published task is given, each with the line."""
    for call in scope.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in METHODS:
            held = [*call.args, *(k.value for k in call.keywords)]
            names = {n.id for part in held for n in walk(part) if isinstance(n, ast.Name)}
            yield from ((call.lineno, name) for name in names - {"self"})


def _names_one(node: ast.AST, given: list[tuple[int, str]], line: int) -> bool:
    names = {n.id for n in walk(node) if isinstance(n, ast.Name)}
    return any(name in names and before < line for before, name in given)


def _polls(loop: ast.For | ast.While, given: list[tuple[int, str]]) -> ast.Call | None:
    """The call by which a loop, between sleeps, asks for what a published task was given."""
    inside = [n for statement in loop.body for n in walk(statement)]
    tests = list(walk(loop.test)) if isinstance(loop, ast.While) else []
    calls = [n for n in (*tests, *inside) if isinstance(n, ast.Call)]
    sleeps = any(last(c.func) == "sleep" for c in calls)
    decided = [n for n in inside if isinstance(n, ast.If) and any(isinstance(e, _LEAVES) for e in walk(n))]
    ends = bool(tests) or bool(decided)
    publishes = any(isinstance(c.func, ast.Attribute) and c.func.attr in METHODS for c in calls)
    if not sleeps or not ends or publishes:
        return None
    asked = (c for c in calls if _READS.search(last(c.func)) and (c.args or c.keywords))
    return next((c for c in asked if _names_one(c, given, loop.lineno)), None)
