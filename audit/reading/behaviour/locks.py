"""Locks that outlive the death of who took them, and those that end by themselves or with their process."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.shared_data import LockWithExpiry, LockWithoutExpiry
from audit.reading.behaviour.lua_locks import is_unread_script, scripted_lock
from audit.reading.behaviour.presence_locks import WORDS as PRESENCE_WORDS
from audit.reading.behaviour.presence_locks import presence_lock, singleton_lock
from audit.reading.behaviour.scope import Scope, keyword, last, opaque

WORDS = (
    *(
        "nx=",
        "setnx",
        ".lock(",
        "cache.add(",
        "cache.set(",
        "caches[",
        "FileLock",
        "advisory_",
        "GET_LOCK",
        "flock(",
        "lockf(",
    ),
    *(".eval(", "register_script", "redis_lock", "portalocker", "InterProcessLock"),
    *PRESENCE_WORDS,
)
_REDIS_OPTIONS = frozenset({"blocking", "blocking_timeout", "sleep", "thread_local"})
_OF_A_SESSION = re.compile(r"(?i)\bpg_(?:try_)?advisory_(?:xact_)?lock(?:_shared)?\b|\bGET_LOCK\s*\(|^advisory_lock$")
_CLASSES = frozenset(
    {"FileLock", "UnixFileLock", "WindowsFileLock", "SoftFileLock", "Lock", "RLock", "TemporaryFileLock"}
)
_CLASSES |= {"flock", "lockf", "InterProcessLock", "lock"}
_FEW = 10
_AT_ONCE = frozenset({"pipeline", "multi", "transaction"})
_ENTERED = re.compile(r"\.(__enter__|__aenter__)$")
_EXPIRIES = ("ex", "px", "exat", "pxat", "keepttl")


def endless_locks(scope: Scope) -> Iterator[LockWithExpiry | LockWithoutExpiry]:
    """Locks that the statements of a function take: those that end without who took them, and the others."""
    if not scope.symbol:
        return
    names = {last(call.func) for call in scope.calls}
    single = singleton_lock(scope)
    if single is not None:
        yield scope.observed(LockWithExpiry, scope.root) if single else scope.observed(LockWithoutExpiry, scope.root)
    for call in scope.calls:
        if not opaque(call) and (present := presence_lock(scope, call, names)):
            ends, how = present
            yield scope.observed(LockWithExpiry, call) if ends else scope.observed(LockWithoutExpiry, call, how=how)
            continue
        expires = None if opaque(call) else _expires(scope, call, names)
        if expires is not None:
            # What is given its time by a second command keeps none when its process dies between the two.
            in_two = expires and last(call.func) == "setnx" and not names & _AT_ONCE
            how = "`setnx`, puis sa durée par une seconde commande" if in_two else ""
            held = expires and not in_two
            yield (
                scope.observed(LockWithExpiry, call)
                if held
                else scope.observed(LockWithoutExpiry, call, how=how, brief=in_two)
            )
        elif is_unread_script(scope, call) and _is_a_lock(scope, call, names):
            yield scope.observed(LockWithoutExpiry, call, unread=ast.unparse(call.args[0]))
    for constant in scope.all(ast.Constant):
        if isinstance(constant.value, str) and _OF_A_SESSION.search(constant.value):
            yield scope.observed(LockWithExpiry, constant)


def _expires(scope: Scope, call: ast.Call, names: set[str]) -> bool | None:
    """Whether the lock that a call takes ends by itself; None for a call that takes none."""
    name = last(call.func)
    if name == "lock" and isinstance(call.func, ast.Attribute) and (_is_redis(scope, call.func) or _is_given(call)):
        timeout = call.args[1] if len(call.args) > 1 else keyword(call, "timeout")
        return timeout is not None and scope.value(timeout) is not None
    made = _of_a_library(scope, call, name)
    if made is not None or not _is_a_lock(scope, call, names):
        return made
    return _of_a_key(scope, call, name, names)


def _of_a_library(scope: Scope, call: ast.Call, name: str) -> bool | None:
    """A lock of a file or of a session of a database dies with its process, whatever it waits for; a soft one does not."""
    if _OF_A_SESSION.fullmatch(name):
        return True
    if name not in _CLASSES:
        return None
    dotted = scope.external(call.func)
    if dotted.startswith("redis_lock."):
        return _is_given_time(scope, call, "expire", 2)
    if dotted.startswith(("filelock.", "portalocker.", "fcntl.", "fasteners.")):
        return "Soft" not in name
    return None


def _of_a_key(scope: Scope, call: ast.Call, name: str, names: set[str]) -> bool | None:
    """A key that is set once: by a command, by a script, in a cache."""
    if name == "setnx":
        return bool(names & {"expire", "pexpire"})
    if name == "set" and _is_true(keyword(call, "nx")):
        given = [*call.args[2:], *filter(None, (keyword(call, e) for e in _EXPIRIES))]
        return any(scope.value(expiry) is not None for expiry in given)
    cached = isinstance(call.func, ast.Attribute) and "cache" in ast.unparse(call.func.value).lower()
    if cached and name == "add" and len(call.args) > 1:
        # Without a timeout, Django's cache keeps a key for its `TIMEOUT`: 300 s unless a setting says otherwise.
        return _is_given_time(scope, call, "timeout", 2) or (keyword(call, "timeout") is None and len(call.args) < 3)
    if cached and name == "set" and (len(call.args) > 2 or keyword(call, "timeout") is not None):
        return _is_given_time(scope, call, "timeout", 2)
    return scripted_lock(scope, call)


def _is_given_time(scope: Scope, call: ast.Call, name: str, place: int) -> bool:
    time = call.args[place] if len(call.args) > place else keyword(call, name)
    return time is not None and scope.value(time) is not None


def _is_a_lock(scope: Scope, call: ast.Call, names: set[str]) -> bool:
    """Whether a key set only once is a lock: it is given back here, or its name says so."""
    told = f"{scope.symbol} {ast.unparse(call) if len(call.args) < _FEW else ast.unparse(call.func)}".lower()
    named = any(word in told for word in ("lock", "acquire", "mutex")) or _ENTERED.search(scope.symbol)
    return "delete" in names or bool(named)


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_given(call: ast.Call) -> bool:
    """Whether a lock is asked for as the clients of Redis do: by these names."""
    return bool(call.args) and any(k.arg in _REDIS_OPTIONS for k in call.keywords)


def _is_redis(scope: Scope, callee: ast.Attribute) -> bool:
    holder = ast.unparse(callee.value).lower()
    return "redis" in holder or scope.external(callee).startswith(("redis.", "valkey."))
