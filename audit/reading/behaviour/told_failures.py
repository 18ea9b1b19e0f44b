"""Broad `except` clauses that end a function as if it had succeeded, once they have logged or noted its failure."""

import ast
import re
from collections.abc import Sequence

from audit.model.word_tables import word_set
from audit.reading.behaviour.called_functions import called_function
from audit.reading.behaviour.deployed_branches import deployed
from audit.reading.behaviour.exception_handlers import inside, scope_of
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.child_nodes import walk

LOGGING = word_set("critical debug error exception info log print print_exc warn warning capture_exception")
FAILED = frozenset({"error", "failed", "failure", "fail", "ko", "erreur", "echec", "échec", "exception"})
_OF_ERRORS = frozenset({"critical", "error", "exception", "print_exc", "capture_exception"})
# A word of a failure among those of a name: `AlertError`, `error_count`, `Status.FAILED`.
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_OF_FAILURES = FAILED | {"errors", "failures", "exceptions", "err", "aborted", "broken", "dead", "unsuccessful"}
# What notes a failure where the project keeps them: `mark_failed`, `set_error`, `record_failure`.
_NOTES = re.compile(
    r"(?i)^(?:mark|set|record|note|save|store|register|add|update)_(?:\w+_)?(?:fail(?:ed|ure|ures)?|errors?|exception)$|^failed$"
)
_SAID = re.compile(
    r"(?i)\bfail|\berror|could not|couldn't|unable|not sent|rejected|refused|échec|échou|impossible|erreur"
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
    """Whether a `try` around another has it in its `else`, or catches nothing, and ends with it; or both branches of a test catch all."""
    if isinstance(node, ast.If):
        return bool(node.orelse) and all(_catches_without_raising(branch[-1]) for branch in (node.body, node.orelse))
    if not isinstance(node, ast.Try | ast.TryStar) or any(hands_on(n) for n in inside(node.finalbody)):
        return False
    inner = around[around.index(node) - 1] if around.index(node) else tried
    body = node.orelse if inner in node.orelse else node.body if not node.handlers and inner in node.body else []
    return bool(body) and body[-1] is inner


def _catches_without_raising(statement: ast.stmt) -> bool:
    handlers = statement.handlers if isinstance(statement, ast.Try) else []
    return bool(handlers) and not any(hands_on(n) for handler in handlers for n in inside(handler.body))


def tells_of_a_failure(scope: Scope, handler: ast.ExceptHandler) -> bool:
    """Whether a handler logs an error or notes a failed state, and raises nothing, by itself or by what it calls."""
    nodes = list(inside(handler.body))
    calls = [n for n in nodes if isinstance(n, ast.Call)]
    told = any(_notes(n, handler.name) for s in handler.body for n in [s, *inside([s])] if not is_log(s)) or any(
        last(call.func) in _OF_ERRORS or _logs_an_error(scope, call) for call in calls
    )
    return (
        told and not any(hands_on(n) for n in nodes) and not any(_raises(scope, call, handler.name) for call in calls)
    )


def _notes(node: ast.AST, caught: str | None) -> bool:
    """`job.state = FAILED`, `job.why = str(error)`, `errors.create(order=pk)`, `count(order, error_count=1)`: the failure, kept somewhere."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and node.value.lower() in FAILED
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        kept = any(isinstance(t, ast.Attribute | ast.Subscript) for t in targets)
        return kept and any(_is_of_a_failure(n, caught) for n in walk(node))
    if isinstance(node, ast.Call) and last(node.func) not in LOGGING | _SHAPES:
        parts = [node.func, *node.args, *(k.value for k in node.keywords)]
        named = any(_speaks(k.arg) for k in node.keywords if k.arg)
        # What is given the error itself may raise it again.
        texts = [part for part in parts if not isinstance(part, ast.Name) or last(part) != caught]
        return named or any(_is_of_a_failure(n, caught) for part in texts for n in walk(part))
    return False


def left_unsaid(scope: Scope, handler: ast.ExceptHandler) -> bool:
    """Whether a handler raises nothing, and does something of which nothing tells whether it mends or notes the failure."""
    nodes = list(inside(handler.body))
    calls = [n for n in nodes if isinstance(n, ast.Call) and last(n.func) not in LOGGING | _SHAPES]
    tried = inside(getattr(scope.parents.get(handler), "body", []))
    # What was tried is tried in another way.
    again = {last(n.func) for n in tried if isinstance(n, ast.Call)} & {last(call.func) for call in calls}
    return (
        bool(calls)
        and not again
        and not any(hands_on(n) for n in nodes)
        and not any(_raises(scope, call, handler.name) for call in calls)
    )


def _is_of_a_failure(node: ast.AST, caught: str | None) -> bool:
    if isinstance(node, ast.Name | ast.Attribute):
        return last(node) == caught or _speaks(last(node))
    return False


def _speaks(name: str) -> bool:
    return any(word.lower() in _OF_FAILURES for word in _WORDS.findall(name))


def is_log(statement: ast.stmt) -> bool:
    """Whether a statement only logs."""
    called = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(called, ast.Call) and last(called.func) in LOGGING


def hands_on(node: ast.AST) -> bool:
    """Whether it raises, retries, or tells Celery the state itself."""
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and last(node.func) in _HAND_ON)


def _logs_an_error(scope: Scope, call: ast.Call) -> bool:
    """Whether a function of the project logs an error itself."""
    function = called_function(scope, call)
    inner = walk(function.node) if function else ()
    return any(isinstance(n, ast.Call) and last(n.func) in _OF_ERRORS for n in inner)


def _raises(scope: Scope, call: ast.Call, caught: str | None) -> bool:
    """Whether a function of the project may raise again, or one that is not known is handed the error itself."""
    if last(call.func) in LOGGING | _SHAPES:
        return False
    function = called_function(scope, call)
    if function:
        body = [function.node.body] if isinstance(function.node, ast.Lambda) else function.node.body
        run = deployed(scope_of(scope, function), [s for s in body if isinstance(s, ast.stmt)], hands_on)[0]
        return any(hands_on(n) for s in run for n in walk(s))
    handed = [*call.args, *(k.value for k in call.keywords)]
    told = last(call.func).lower()
    speaks = any(word in told for word in ("raise", "abort", "fail")) and not _NOTES.search(told)
    return speaks and any(isinstance(n, ast.Name) and n.id == caught for n in handed)


def tells_in_words(statement: ast.stmt) -> bool:
    """Whether a line of log says in words that something failed."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    texts = [n.value for n in walk(call) if isinstance(n, ast.Constant) and isinstance(n.value, str)] if call else []
    return any(_SAID.search(text) for text in texts)


def _does_nothing(statement: ast.stmt) -> bool:
    """Whether a statement only logs, or answers what is known already."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return last(statement.value.func) in LOGGING
    return not any(
        isinstance(n, ast.Raise | ast.Await) or (isinstance(n, ast.Call) and last(n.func) not in LOGGING | _SHAPES)
        for n in walk(statement)
    )
