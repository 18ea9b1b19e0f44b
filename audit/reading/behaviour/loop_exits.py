"""The ways out of a loop, and what decides whether each is taken."""

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit.reading.behaviour.called_functions import called_function
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.child_nodes import children, walk

_LEAVES = (ast.Return, ast.Raise, ast.Break)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_NOT_OWN = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
Loop = ast.While | ast.For | ast.AsyncFor
# Errors by which a collection or a delay says that it is over.
_OVER = re.compile(
    r"(?i)time_?out|deadline|limit|stop|empty|cancel|interrupt|exit|expired|no_?more|end|exhaust|Index|EOF"
)


@dataclass(frozen=True)
class Exit:
    """A way out: the `tests` around it, each with what it must be; or calls that are `tried`, and raise an error or not.

    With neither, nothing decides: the first turn is the last, or a collection is over. `given_up`: the tests under which the
    handlers of what is tried raise the error again.
    """

    tests: tuple[tuple[ast.expr, bool], ...] = ()
    tried: tuple[ast.Call, ...] = ()
    given_up: tuple[ast.expr, ...] = ()


def exits(scope: Scope, loop: Loop) -> Iterator[Exit]:
    """The ways out of a loop by `return`, `raise` and `break`; an error that a handler hands on is none."""
    for node in (n for statement in loop.body for n in walk(statement)):
        if not isinstance(node, _LEAVES):
            continue
        around = list(_up_to(scope, node, loop))
        if not around or around[-1] is not loop:
            continue
        if isinstance(node, ast.Break) and any(isinstance(n, _LOOPS) for n in around[:-1]):
            continue
        handler = next((n for n in around if isinstance(n, ast.ExceptHandler)), None)
        if handler is None:
            yield _decided(node, around)
        elif any(isinstance(n, ast.If) and not _asks(handler, n.test) for n in around[: around.index(handler)]):
            yield _decided(node, around[: around.index(handler)])
        elif not isinstance(node, ast.Raise):
            yield _handled(scope, handler)


def _asks(handler: ast.ExceptHandler, test: ast.expr) -> bool:
    """Whether a test asks the error that the handler caught, which another system chose."""
    return any(isinstance(n, ast.Name) and n.id == handler.name for n in walk(test))


def _up_to(scope: Scope, node: ast.AST, loop: ast.AST) -> Iterator[ast.AST]:
    """What holds a node, up to the loop; a function inside is not the loop's own."""
    for holder in scope.around(node):
        yield holder
        if holder is loop:
            return


def _handled(scope: Scope, handler: ast.ExceptHandler) -> Exit:
    """Left because a call raised an error; one that says that all is over is none that somebody waits for."""
    tried = next(iter(scope.around(handler)), None)
    if handler.type is None or _OVER.search(ast.unparse(handler.type)) or not isinstance(tried, ast.Try):
        return Exit()
    return Exit(tried=_calls(tried.body))


def _decided(node: ast.AST, around: Sequence[ast.AST]) -> Exit:
    """What decides of a way out that no handler holds."""
    inner, tests = node, list[tuple[ast.expr, bool]]()
    for holder in around:
        if isinstance(holder, ast.If):
            tests.append((holder.test, inner in holder.body))
        elif isinstance(holder, ast.Match):
            tests.append((holder.subject, True))
        tests += [(test, False) for test in _skipped(holder, inner)]
        inner = holder
    if tests:
        return Exit(tuple(tests))
    inner = node
    for holder in around:
        if isinstance(holder, ast.Try) and inner not in holder.finalbody and not all(map(_leaves, holder.handlers)):
            return Exit(tried=_calls(holder.body), given_up=tuple(_given_up(holder)))
        for before in (s for s in _before(holder, inner) if isinstance(s, ast.Try) and s.handlers):
            if all(isinstance(handler.body[-1], ast.Continue) for handler in before.handlers):
                return Exit(tried=_calls(before.body), given_up=tuple(_given_up(before)))
        inner = holder
    return Exit()


def _given_up(tried: ast.Try) -> Iterator[ast.expr]:
    """The tests that decide whether the handlers go on or raise."""
    for test in (n for handler in tried.handlers for n in walk(handler) if isinstance(n, ast.If)):
        if any(isinstance(branch[-1], ast.Raise) for branch in (test.body, test.orelse) if branch):
            yield test.test


def _skipped(holder: ast.AST, inner: ast.AST) -> Iterator[ast.expr]:
    """The tests before a statement, in its block, that start the next turn."""
    before = _before(holder, inner)
    yield from (s.test for s in before if isinstance(s, ast.If) and isinstance(s.body[-1], ast.Continue))


def _before(holder: ast.AST, inner: ast.AST) -> list[ast.stmt]:
    """The statements before another, in its block."""
    blocks = (getattr(holder, "body", []), getattr(holder, "orelse", []))
    return next((b[: b.index(inner)] for b in blocks if isinstance(b, list) and inner in b), [])


def _leaves(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[-1], _LEAVES)


def _calls(body: Sequence[ast.stmt]) -> tuple[ast.Call, ...]:
    return tuple(n for statement in body for n in walk(statement) if isinstance(n, ast.Call))


def yields(loop: ast.stmt) -> bool:
    """Whether a loop gives values to whoever walks what holds it."""
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in walk(loop))


def ends(loop: Loop) -> bool:
    """Whether something may leave a loop: `break`, `return`, `raise`, or an exit."""
    pending: list[tuple[ast.AST, bool]] = [(node, False) for node in loop.body]
    while pending:
        node, nested = pending.pop()
        if isinstance(node, _NOT_OWN):
            continue
        if isinstance(node, ast.Return | ast.Raise) or (isinstance(node, ast.Break) and not nested):
            return True
        if isinstance(node, ast.Call) and last(node.func) in {"exit", "_exit", "retry"}:
            return True
        inner = nested or isinstance(node, _LOOPS)
        pending += [(child, inner) for child in children(node)]
    return False


def left_by(scope: Scope, loop: Loop, *, stated: bool = False) -> str:
    """A function of the project that a loop calls and that raises something, which nothing in the loop catches; else empty.

    `stated`: only a call whose answer is not used.
    """
    for call in scope.calls:
        if stated and not isinstance(scope.parents[call], ast.Expr):
            continue
        around = list(itertools.takewhile(lambda n: n is not loop, scope.around(call)))
        if loop not in scope.around(call) or any(isinstance(n, ast.Try) and n.handlers for n in around):
            continue
        if any(isinstance(n, ast.Raise) for function in called(scope, call) for n in walk(function)):
            return ast.unparse(call.func)
    return ""


def called(scope: Scope, call: ast.Call) -> list[ast.AST]:
    """The function that a call runs, or the methods that bear its name."""
    if function := called_function(scope, call):
        return [function.node]
    methods = scope.machine.graph.methods(call.func.attr) if isinstance(call.func, ast.Attribute) else []
    return [place.node() for _, _, place in methods]


def is_literally_true(scope: Scope, test: ast.expr) -> bool:
    """`True`, `not False`, `1 == 1`, `True or x`, or a local name that is given nothing else."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return isinstance(test.operand, ast.Constant) and not test.operand.value
    if isinstance(test, ast.BoolOp):
        told = [is_literally_true(scope, value) for value in test.values]
        return any(told) if isinstance(test.op, ast.Or) else all(told)
    if isinstance(test, ast.Compare) and all(isinstance(n, ast.Constant) for n in (test.left, *test.comparators)):
        return scope.value(test) is True
    given = scope.assigned.get(test.id) if isinstance(test, ast.Name) else None
    # A function inside may give it another value.
    return isinstance(given, ast.Constant) and bool(given.value) and "nonlocal " not in scope.module.source.text
