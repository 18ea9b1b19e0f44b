"""Loops that wait for an answer from outside, without a bound, and loops that forget where they were at each turn."""

import ast
import re
from collections.abc import Iterator

from audit.reading.behaviour.scope import Scope, last

_BOUNDS = re.compile(
    r"(?i)timeout|deadline|attempt|retr(y|ies)|tries|elapsed|max|limit|until|expire|monotonic|perf_counter|\btime\(|\bnow\(|"
    r"is_set|stop|shutdown|running|exit|abort|remaining|count"
)
# What they give is gone once given: a loop over them ends with them.
_TAKES = re.compile(r"(?i)pop|nowait|next|receive|fetch|readline|^read$|recv|dequeue|poll$")
_LEAVES = (ast.Return, ast.Raise, ast.Break)
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def waits_without_bound(scope: Scope, loop: ast.While, literal: bool) -> bool:
    """Whether a loop sleeps, and only what a call answers ends it."""
    inner = [n for n in ast.walk(loop) if n is not loop]
    if any(isinstance(n, ast.Yield | ast.YieldFrom | ast.AugAssign | ast.NamedExpr) for n in inner):
        return False
    if not any(isinstance(n, ast.Call) and last(n.func) == "sleep" for n in inner):
        return False
    guards = list(_guards(scope, loop))
    if None in guards or (not literal and not _is_answered(loop, loop.test)):
        return False
    tests = [g for g in guards if g is not None] + ([] if literal else [loop.test])
    told = " ".join(ast.unparse(test) for test in tests)
    return bool(tests) and not _BOUNDS.search(told) and all(_is_answered(loop, test) for test in tests)


def _guards(scope: Scope, loop: ast.While) -> Iterator[ast.expr | None]:
    """The test by which each way out of a loop is taken; None for one that no test decides."""
    for node in (n for statement in loop.body for n in ast.walk(statement)):
        if not isinstance(node, _LEAVES):
            continue
        around: list[ast.AST] = []
        for holder in scope.around(node):
            if holder is loop:
                break
            around.append(holder)
        else:
            continue
        if any(isinstance(n, _NESTED) for n in around):
            continue
        if isinstance(node, ast.Break) and any(isinstance(n, ast.For | ast.AsyncFor | ast.While) for n in around):
            continue
        tests = [n.test for n in around if isinstance(n, ast.If)]
        yield tests[0] if tests else None


def _is_answered(loop: ast.While, test: ast.expr) -> bool:
    """Whether a test is on what a call answers again and again, rather than on the next of several things."""
    behind, names, own = [test], set[str](), [a for a in ast.walk(loop) if isinstance(a, ast.Assign)]
    for value in behind:
        told = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
        given = [
            a for a in own if any(isinstance(n, ast.Name) and n.id in told for t in a.targets for n in ast.walk(t))
        ]
        behind += [a.value for a in given if a.value not in behind]
        names |= told
    calls = [c for value in behind for c in ast.walk(value) if isinstance(c, ast.Call)]
    asking = [last(c.func) for c in calls if last(c.func) not in {"len", "isinstance", "bool", "str", "int"}]
    return bool(asking) and not any(map(_TAKES.search, asking)) and not _goes_on(own, names)


def _goes_on(assigned: list[ast.Assign], names: set[str]) -> bool:
    """Whether one of these names is worked out from itself, turn after turn: the next page, the rest of a list."""
    by_name = {
        n: {m.id for a in assigned if n in _stored(a) for m in ast.walk(a.value) if isinstance(m, ast.Name)}
        for n in names
    }
    for start in names:
        todo, seen = [*by_name[start]], set[str]()
        while todo:
            name = todo.pop()
            if name == start:
                return True
            if name not in seen:
                seen.add(name)
                todo += by_name.get(name, ())
    return False


def _stored(assign: ast.Assign) -> set[str]:
    return {n.id for t in assign.targets for n in ast.walk(t) if isinstance(n, ast.Name)}


def forgotten_cursor(scope: Scope, loop: ast.While) -> str:
    """The name that each turn empties first, is given the next place, and ends the loop only when it is empty."""
    for statement in loop.body[:2]:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Constant):
            continue
        target = statement.targets[0]
        if not isinstance(target, ast.Name) or statement.value.value not in ("", None, 0):
            continue
        name = target.id
        later = [a for s in loop.body[1:] for a in ast.walk(s) if isinstance(a, ast.Assign) and a is not statement]
        moved = any(isinstance(t, ast.Name) and t.id == name for a in later for t in a.targets)
        calls = [c for s in loop.body for c in ast.walk(s) if isinstance(c, ast.Call)]
        given = [g for c in calls for g in (*c.args, *(k.value for k in c.keywords))]
        asked = any(isinstance(n, ast.Name) and n.id == name for g in given for n in ast.walk(g))
        guards = [g for g in _guards(scope, loop) if g is not None]
        ends = any(
            (isinstance(g, ast.UnaryOp) and isinstance(g.op, ast.Not) and last(g.operand) == name)
            or (isinstance(g, ast.Compare) and last(g.left) == name and isinstance(g.ops[0], ast.Eq | ast.Is))
            for g in guards
        )
        if moved and asked and ends:
            return name
    return ""
