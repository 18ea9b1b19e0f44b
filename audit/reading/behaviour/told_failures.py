"""Broad `except` clauses that end a function as if it had succeeded, once they have logged or noted its failure."""

import ast
import re
from collections.abc import Sequence

from audit.reading.behaviour.deployed_branches import deployed
from audit.reading.behaviour.exception_handlers import inside, scope_of
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import BoundMethod, FunctionValue, Value
from audit.reading.python.child_nodes import walk

LOGGING = frozenset(
    ("critical", "debug", "error", "exception", "info", "log", "print", "print_exc", "warn", "warning", "capture_exception")
)  # fmt: skip
FAILED = frozenset({"error", "failed", "failure", "fail", "ko", "erreur", "echec", "échec", "exception"})
_OF_ERRORS = frozenset({"critical", "error", "exception", "print_exc", "capture_exception"})
# What notes a failure where the project keeps them: `mark_failed`, `set_error`, `record_failure`.
_NOTES = re.compile(
    r"(?i)^(?:mark|set|record|note|save|store|register|add|update)_(?:\w+_)?(?:fail(?:ed|ure|ures)?|errors?|exception)$|^failed$"
)
_HAND_ON = frozenset({"retry", "update_state", "exit", "_exit"})
# Built-in calls that only make the answer of what was done.
_SHAPES = frozenset({"str", "len", "dict", "list", "round", "time", "format", "repr"})
_INNER = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.Match, ast.Try, ast.TryStar, ast.ExceptHandler)


def ends_the_function(scope: Scope, handler: ast.ExceptHandler) -> bool:
    """Whether nothing is done after a handler, which is in no loop, no condition and no other `try`."""
    tried = scope.parents.get(handler)
    around = [] if tried is None else list(scope.around(tried))
    around = [n for n in around if not _lets_through(n, around, tried)]
    if not isinstance(tried, ast.Try | ast.TryStar) or any(isinstance(n, _INNER) for n in around):
        return False
    if any(hands_on(n) for n in inside(tried.finalbody)):
        return False
    if isinstance(handler.body[-1], ast.Return):
        return True
    own: ast.AST = tried
    for holder in around:
        body: Sequence[ast.stmt] = getattr(holder, "body", ())
        after = body[body.index(own) + 1 :] if isinstance(own, ast.stmt) and own in body else ()
        if not all(map(_does_nothing, deployed(scope, after, hands_on)[0])):
            return False
        own = holder
    return True


def _lets_through(node: ast.AST, around: Sequence[ast.AST], tried: ast.AST | None) -> bool:
    """Whether a `try` around another has it in its `else`, or catches nothing, and ends with it."""
    if not isinstance(node, ast.Try | ast.TryStar) or any(hands_on(n) for n in inside(node.finalbody)):
        return False
    inner = around[around.index(node) - 1] if around.index(node) else tried
    body = node.orelse if inner in node.orelse else node.body if not node.handlers and inner in node.body else []
    return bool(body) and body[-1] is inner


def tells_of_a_failure(scope: Scope, handler: ast.ExceptHandler) -> bool:
    """Whether a handler logs an error or notes a failed state, and raises nothing, by itself or by what it calls."""
    nodes = list(inside(handler.body))
    calls = [n for n in nodes if isinstance(n, ast.Call)]
    noted = any(isinstance(n, ast.Constant) and isinstance(n.value, str) and n.value.lower() in FAILED for n in nodes)
    told = noted or any(
        last(call.func) in _OF_ERRORS or _logs_an_error(scope, call) or _keeps(call, handler.name) for call in calls
    )
    return (
        told and not any(hands_on(n) for n in nodes) and not any(_raises(scope, call, handler.name) for call in calls)
    )


def _keeps(call: ast.Call, caught: str | None) -> bool:
    """`self.error_log.create(text=str(error))`: what was caught, put where errors are kept."""
    where = ast.unparse(call.func).lower()
    if _NOTES.search(last(call.func)):
        return True
    named = any(word in where for word in ("error_log", "errorlog", "failures", "errors"))
    given = [*call.args, *(k.value for k in call.keywords)]
    return named and any(isinstance(n, ast.Name) and n.id == caught for a in given for n in walk(a))


def hands_on(node: ast.AST) -> bool:
    """Whether it raises, retries, or tells Celery the state itself."""
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and last(node.func) in _HAND_ON)


def _called(scope: Scope, call: ast.Call) -> FunctionValue | None:
    callee: Value = scope.evaluated(call.func)
    function = callee.function if isinstance(callee, BoundMethod) else callee
    return function if isinstance(function, FunctionValue) else None


def _logs_an_error(scope: Scope, call: ast.Call) -> bool:
    """Whether a function of the project logs an error itself."""
    function = _called(scope, call)
    inner = walk(function.node) if function else ()
    return any(isinstance(n, ast.Call) and last(n.func) in _OF_ERRORS for n in inner)


def _raises(scope: Scope, call: ast.Call, caught: str | None) -> bool:
    """Whether a function of the project may raise again, or one that is not known is handed the error itself."""
    if last(call.func) in LOGGING | _SHAPES:
        return False
    function = _called(scope, call)
    if function:
        body = [function.node.body] if isinstance(function.node, ast.Lambda) else function.node.body
        run = deployed(scope_of(scope, function), [s for s in body if isinstance(s, ast.stmt)], hands_on)[0]
        return any(hands_on(n) for s in run for n in walk(s))
    handed = [*call.args, *(k.value for k in call.keywords)]
    told = last(call.func).lower()
    speaks = any(word in told for word in ("raise", "abort", "fail")) and not _NOTES.search(told)
    return speaks and any(isinstance(n, ast.Name) and n.id == caught for n in handed)


def _does_nothing(statement: ast.stmt) -> bool:
    """Whether a statement only logs, or answers what is known already."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return last(statement.value.func) in LOGGING
    return not any(
        isinstance(n, ast.Raise | ast.Await) or (isinstance(n, ast.Call) and last(n.func) not in LOGGING | _SHAPES)
        for n in walk(statement)
    )
