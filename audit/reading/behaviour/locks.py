"""Locks of a shared store that outlive the death of who took them."""

import ast
from collections.abc import Iterator

from audit.model.observations.observation import Observation
from audit.model.observations.shared_data import LockWithExpiry, LockWithoutExpiry
from audit.reading.behaviour.scope import Scope, keyword, last, opaque

_REDIS_OPTIONS = frozenset({"blocking", "blocking_timeout", "sleep", "thread_local"})
_EXPIRIES = ("ex", "px", "exat", "pxat", "keepttl")


def endless_locks(scope: Scope) -> Iterator[Observation]:
    """Locks that the calls of a function take, with or without an expiry."""
    if not scope.symbol:
        return
    names = {last(call.func) for call in scope.calls}
    for call in scope.calls:
        expires = None if opaque(call) else _expires(scope, call, names)
        if expires is not None:
            yield scope.observed(LockWithExpiry if expires else LockWithoutExpiry, call)


def _expires(scope: Scope, call: ast.Call, names: set[str]) -> bool | None:
    """Whether the lock that a call takes expires; None for a call that takes none."""
    name = last(call.func)
    if name == "lock" and isinstance(call.func, ast.Attribute) and (_is_redis(scope, call.func) or _is_given(call)):
        timeout = call.args[1] if len(call.args) > 1 else keyword(call, "timeout")
        return timeout is not None and scope.value(timeout) is not None
    if not _is_a_lock(scope, call, names):
        return None
    if name == "setnx":
        return bool(names & {"expire", "pexpire"})
    if name == "set" and _is_true(keyword(call, "nx")):
        given = [*call.args[2:], *filter(None, (keyword(call, e) for e in _EXPIRIES))]
        return any(scope.value(expiry) is not None for expiry in given)
    return None


def _is_a_lock(scope: Scope, call: ast.Call, names: set[str]) -> bool:
    """Whether a key set only once is a lock: it is given back here, or its name says so."""
    return (
        "delete" in names or "lock" in scope.symbol.lower() or (bool(call.args) and "lock" in ast.unparse(call.args[0]))
    )


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_given(call: ast.Call) -> bool:
    """Whether a lock is asked for as the clients of Redis do: by these names."""
    return bool(call.args) and any(k.arg in _REDIS_OPTIONS for k in call.keywords)


def _is_redis(scope: Scope, callee: ast.Attribute) -> bool:
    holder = ast.unparse(callee.value).lower()
    return "redis" in holder or scope.external(callee).startswith(("redis.", "valkey."))
