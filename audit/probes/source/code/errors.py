"""Failures that a function turns into an ordinary answer."""

import ast
from collections.abc import Iterator, Sequence

from audit.facts import Observation
from audit.probes.source.code.scope import Scope, last

_BROAD = frozenset({"Exception", "BaseException"})
# What an outage raises: answering it by a dictionary hides it as much as a broad `except` does.
_OUTAGES = frozenset({"RequestException", "ConnectionError", "Timeout", "TimeoutError", "OperationalError"})
_ERROR_KEYS = frozenset({"error", "errors", "err", "exception", "erreur", "traceback"})
_STATE_KEYS = frozenset({"status", "state", "result", "statut", "outcome"})
_FAILED = frozenset({"error", "failed", "failure", "fail", "ko", "erreur", "echec", "échec", "exception"})
_SUCCESS_KEYS = frozenset({"success", "ok", "succeeded"})


def swallowed_errors(scope: Scope) -> Iterator[Observation]:
    """`swallowed-error`: a broad `except`, or one of an outage, that answers an error as if the function had succeeded."""
    if not scope.symbol:
        return
    for handler in scope.all(ast.ExceptHandler):
        broad = _catches(handler.type, _BROAD)
        if (broad or _catches(handler.type, _OUTAGES)) and not _hands_on(handler.body):
            answer = _answer(scope, handler)
            if answer is not None and (broad or isinstance(answer, ast.Dict)):
                yield scope.observed("swallowed-error", handler)


def _catches(kind: ast.expr | None, names: frozenset[str]) -> bool:
    parts = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(part is None or last(part) in names for part in parts)


def _hands_on(body: Sequence[ast.stmt]) -> bool:
    """Whether the handler raises, retries, or tells Celery the state itself."""
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Raise):
                return True
            if isinstance(node, ast.Call) and last(node.func) in {"retry", "update_state", "exit", "_exit"}:
                return True
    return False


def _answer(scope: Scope, handler: ast.ExceptHandler) -> ast.expr | None:
    """What the handler returns, when it tells of an error."""
    returned = next((s for s in reversed(handler.body) if isinstance(s, ast.Return)), None)
    if returned is None or returned.value is None:
        return None
    value = returned.value
    if isinstance(value, ast.Name):
        value = _last_given(handler.body, value.id) or scope.given(value)
    return value if _tells_of_error(value, handler.name) else None


def _last_given(body: Sequence[ast.stmt], name: str) -> ast.expr | None:
    for statement in reversed(body):
        if isinstance(statement, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == name for t in statement.targets
        ):
            return statement.value
    return None


def _tells_of_error(value: ast.expr, caught: str | None) -> bool:
    if isinstance(value, ast.Constant):
        return value.value is False or (isinstance(value.value, str) and value.value.lower() in _FAILED)
    if isinstance(value, ast.Dict):
        pairs = [(k.value, v) for k, v in zip(value.keys, value.values, strict=True) if isinstance(k, ast.Constant)]
        return any(_is_error(str(key), item) for key, item in pairs) or _mentions(value, caught)
    if isinstance(value, ast.Call) and last(value.func) == "dict":
        return any(_is_error(k.arg, k.value) for k in value.keywords if k.arg)
    if isinstance(value, ast.Tuple):
        return any(isinstance(e, ast.Constant) and e.value is False for e in value.elts[:1])
    text = isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Call) and last(value.func) in {"str", "repr"})
    return text and _mentions(value, caught)


def _is_error(key: str, value: ast.expr) -> bool:
    key = key.lower()
    constant = value.value if isinstance(value, ast.Constant) else None
    if key in _ERROR_KEYS:
        return constant is None or bool(constant)
    if key in _SUCCESS_KEYS:
        return constant is False
    return key in _STATE_KEYS and isinstance(constant, str) and constant.lower() in _FAILED


def _mentions(value: ast.expr, caught: str | None) -> bool:
    return caught is not None and any(isinstance(n, ast.Name) and n.id == caught for n in ast.walk(value))
