"""How often a session of `requests` sends a request again, by the `Retry` of the adapter that is mounted on it."""

import ast
from collections.abc import Iterator

from audit.model.unknown import UNKNOWN, Unknown
from audit.reading.behaviour.scope import Scope, function_scope, last
from audit.reading.python.abstract_values import FunctionValue, Instance, Value, exported, unwrap
from audit.reading.python.child_nodes import walk

# Retry sends these again when no answer comes; the others only when no connection was made.
_AGAIN = frozenset({"get", "head", "put", "delete", "options"})
_LONGEST = 120.0


def with_attempts(scope: Scope, call: ast.Call, timeout: tuple[float, float]) -> float | Unknown:
    """How long a request with these timeouts, to connect and to read, may last with all its attempts."""
    connect, read = timeout
    retry = next(_retries(scope, call), None)
    if retry is None:
        return read
    total, factor = _number(retry, "total", 0), _number(retry, "backoff_factor", 1)
    if total is UNKNOWN or factor is UNKNOWN:
        return UNKNOWN
    waited = sum(min(factor * 2.0**n, _LONGEST) for n in range(1, int(total)))
    return waited + (read * (total + 1) if last(call.func) in _AGAIN else connect * total + max(connect, read))


def _retries(scope: Scope, call: ast.Call) -> Iterator[Value]:
    """What `max_retries` is, of the adapters mounted on the session that sends."""
    for inner, mount in _mounts(scope, call):
        adapter = unwrap(inner.evaluated(mount.args[1]))[0] if len(mount.args) > 1 else None
        if isinstance(adapter, Instance) and "max_retries" in adapter.keywords:
            yield unwrap(adapter.keywords["max_retries"])[0]


def _mounts(scope: Scope, call: ast.Call) -> Iterator[tuple[Scope, ast.Call]]:
    session = call.func.value if isinstance(call.func, ast.Attribute) else None
    if session is None:
        return
    name = ast.unparse(session)
    own = [c for c in walk(scope.module.tree) if isinstance(c, ast.Call) and _is_mount(c)]
    yield from ((scope, c) for c in own if isinstance(c.func, ast.Attribute) and ast.unparse(c.func.value) == name)
    for made in (scope.given(session), *_at_import(scope, name)):
        function = scope.evaluated(made.func) if isinstance(made, ast.Call) else None
        if isinstance(function, FunctionValue) and not isinstance(function.node, ast.Lambda):
            inner = function_scope(scope.machine, function)
            yield from ((inner, c) for c in inner.calls if _is_mount(c))


def _at_import(scope: Scope, name: str) -> Iterator[ast.expr]:
    """What a module gives a name of its own."""
    for node in scope.module.tree.body:
        if isinstance(node, ast.Assign) and any(last(t) == name for t in node.targets):
            yield node.value


def _is_mount(call: ast.Call) -> bool:
    return last(call.func) == "mount"


def _number(retry: Value, name: str, place: int) -> float | Unknown:
    """An argument of `Retry`, 0 where it is not given; a plain number is how many attempts there are."""
    if not isinstance(retry, Instance):
        plain = exported(retry)
        told = plain if name == "total" else 0
    else:
        positional = dict(enumerate(retry.arguments)).get(place) if name == "total" else None
        told = exported(unwrap(retry.keywords.get(name, positional))[0])
    if told is None:
        return UNKNOWN if name == "total" else 0
    return told if isinstance(told, int | float) and not isinstance(told, bool) else UNKNOWN
