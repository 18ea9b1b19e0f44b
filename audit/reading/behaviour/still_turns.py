"""Turns of a `while` that ask again and move nothing: `if not answer.ok: sleep(10); continue`, before the page is counted."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from audit.reading.behaviour.loop_exits import Exit, yields
from audit.reading.behaviour.polling_loops import Question, is_cut, is_of_an_outage, sleeps
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.child_nodes import walk

_LEAVING = (ast.Return, ast.Raise, ast.Break)
_HOLDING = (ast.If, ast.Try, ast.With)


@dataclass(frozen=True)
class _Turn:
    """What one turn runs, and what decides that it does: the tests, each with what it is then, and the calls that were tried."""

    run: tuple[ast.stmt, ...] = ()
    tests: tuple[tuple[ast.expr, bool], ...] = ()
    tried: tuple[ast.Call, ...] = ()


def asked_again(scope: Scope, loop: ast.While, *, literal: bool) -> str:
    """The call that such a turn makes, as written, where nothing bounds how often it does; empty where there is none."""
    if yields(loop) or is_cut(scope, loop) or not (literal or _is_local(scope, loop.test)):
        return ""
    for turn in _turns(loop.body, _Turn(), ends=True):
        nodes = [n for statement in turn.run for n in walk(statement)]
        calls = [n for n in nodes if isinstance(n, ast.Call)]
        leaves = any(isinstance(n, _LEAVING) for n in nodes) or any(last(c.func) in {"retry", "exit"} for c in calls)
        if leaves or not any(sleeps(scope, c) for c in calls) or not (turn.tests or turn.tried):
            continue
        whole = ast.While(loop.test, list(turn.run), [])
        moved = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store | ast.Del)}
        still = literal or moved.isdisjoint(n.id for n in walk(loop.test) if isinstance(n, ast.Name))
        asked = Question(scope, whole, Exit(tuple((test, not is_so) for test, is_so in turn.tests), turn.tried)).call
        if still and asked is not None:
            return ast.unparse(asked.func)
    return ""


def _is_local(scope: Scope, test: ast.expr) -> bool:
    """Whether a condition is of local names and constants alone, that nothing else can change."""
    named = {n.id for n in walk(test) if isinstance(n, ast.Name)}
    plain = not any(isinstance(n, ast.Call | ast.Attribute | ast.Subscript | ast.Await) for n in walk(test))
    return plain and bool(named) and named <= scope.assigned.keys() and "nonlocal " not in scope.module.source.text


def _turns(block: Sequence[ast.stmt], before: _Turn, *, ends: bool) -> Iterator[_Turn]:
    """The turns that go through a block and start the next one: by `continue`, or by its end where that `ends` the turn."""
    for place, statement in enumerate(block):
        reached = replace(before, run=(*before.run, *block[:place]))
        if isinstance(statement, ast.Continue):
            yield reached
            return
        for inner, branch in _branches(statement, reached):
            yield from _turns(branch, inner, ends=ends and place == len(block) - 1)
    if ends and not (block and isinstance(block[-1], _HOLDING)):
        yield replace(before, run=(*before.run, *block))


def _branches(statement: ast.stmt, before: _Turn) -> Iterator[tuple[_Turn, Sequence[ast.stmt]]]:
    """The blocks that a statement may run, each with what decides that it does."""
    if isinstance(statement, ast.If):
        yield replace(before, tests=(*before.tests, (statement.test, True))), statement.body
        yield replace(before, tests=(*before.tests, (statement.test, False))), statement.orelse
    elif isinstance(statement, ast.Try):
        calls = tuple(n for s in statement.body for n in walk(s) if isinstance(n, ast.Call))
        yield before, [*statement.body, *statement.orelse]
        for handler in filter(is_of_an_outage, statement.handlers):
            yield replace(before, tried=(*before.tried, *calls)), handler.body
    elif isinstance(statement, ast.With):
        yield replace(before, run=(*before.run, ast.With(statement.items, []))), statement.body
