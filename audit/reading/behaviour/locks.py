"""Locks that outlive the death of who took them, and those that end by themselves or with their process."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.shared_data import LockWithExpiry, LockWithoutExpiry
from audit.model.word_tables import word_list, word_set
from audit.reading.behaviour.lua_locks import scripted_lock, sets_once, unread_script
from audit.reading.behaviour.possible_values import may_be_none, written_options
from audit.reading.behaviour.presence_locks import FILE, existence_locks, presence_lock, singleton_lock
from audit.reading.behaviour.presence_locks import WORDS as PRESENCE_WORDS
from audit.reading.behaviour.scope import Scope, keyword, last, opaque
from audit.reading.behaviour.verification_values import Side, sides
from audit.reading.python.abstract_values import Value, unwrap
from audit.reading.python.child_nodes import walk

WORDS = (
    *(
        "nx=",
        '"nx"',
        "setnx",
        ".persist(",
        "redis.lock",
        ".sadd(",
        ".lock(",
        ".lock,",
        "cache.add(",
        "cache.add,",
        "cache.set(",
        "caches[",
        "FileLock",
        "advisory_",
        "GET_LOCK",
        "flufl.lock",
        "memcache",
        "pylibmc",
        "flock(",
        "lockf(",
    ),
    *word_list("""
        select_for_update .eval( register_script evalsha script_load redis_lock portalocker InterProcessLock
    """),
    *PRESENCE_WORDS,
)
_REDIS_OPTIONS = frozenset({"blocking", "blocking_timeout", "sleep", "thread_local"})
_OF_A_SESSION = re.compile(r"(?i)\bpg_(?:try_)?advisory_(?:xact_)?lock(?:_shared)?\b|\bGET_LOCK\s*\(|^advisory_lock$")
_CLASSES = word_set("FileLock UnixFileLock WindowsFileLock SoftFileLock Lock RLock TemporaryFileLock")
_CLASSES |= {"flock", "lockf", "InterProcessLock", "lock"}
_FEW = 10
# Locks of rows end with their transaction.
_OF_ROWS = "select_for_update"
_AT_ONCE = frozenset({"pipeline", "multi", "transaction"})
_ENTERED = re.compile(r"\.(__enter__|__aenter__)$")
_OF_REDIS = re.compile(r"(?:redis|valkey)\.(?:asyncio\.)?lock\.Lock$")
_GIVEN_BACK = frozenset({"hdel", "srem"})
_PAIRS = frozenset({("hsetnx", "hdel"), ("sadd", "srem")})
# Those of a lock may stand in a dictionary.
_OPTIONED = frozenset({"lock", "set", "add", "Lock"})
# Words of what holds others off while it works, and of what was done once for all.
_HELD = re.compile(r"(?i)busy|running|claim|exclusive|singleton|in_?progress|in_?flight|semaphore")
_MARKER = re.compile(
    r"(?i)seen|done|process|sent|dedup|idempot|visited|notified|handled|already|delivered|once|uniq|first|known|register|cache"
)
_ASKING = frozenset({"get", "aget", "has_key", "ahas_key", "get_or_set", "touch"})
_NAMED_LOCK = re.compile(r"(?i)lock|mutex|busy|running|claim|exclusive")
_UNNAMED = "une clé y est posée si elle manque, sans durée : un verrou, peut-être"
_MEMCACHED = ("pymemcache.", "pylibmc.", "memcache.", "aiomcache.", "bmemcached.")
_EXPIRIES = ("ex", "px", "exat", "pxat", "keepttl")


def endless_locks(scope: Scope) -> Iterator[LockWithExpiry | LockWithoutExpiry]:
    """Locks that the statements of a function take: those that end without who took them, and the others."""
    names = {last(call.func) for call in scope.calls}
    single = singleton_lock(scope)
    if single is not None:
        yield scope.observed(LockWithExpiry, scope.root) if single else scope.observed(LockWithoutExpiry, scope.root)
    for made in (whole for call in scope.calls if (whole := _whole(scope, call))):
        yield from _taken(scope, made, names)
    if not scope.symbol:
        return
    for test in existence_locks(scope):
        yield scope.observed(LockWithoutExpiry, test, how=FILE)
    for constant in scope.all(ast.Constant):
        if isinstance(constant.value, str) and _OF_A_SESSION.search(constant.value):
            yield scope.observed(LockWithExpiry, constant)


def _whole(scope: Scope, call: ast.Call) -> ast.Call | None:
    """A call with what `**options` give it, or as `partial` makes it later; None where that is not told, or at import."""
    if last(call.func) == "partial":
        method = call.args[0] if call.args else None
        if not isinstance(method, ast.Attribute) or opaque(call) or _is_given_later(scope, call):
            return None
        args = [*call.args[1:], ast.copy_location(ast.Name("key", ast.Load()), call)]
        return ast.copy_location(ast.Call(method, args, call.keywords), call)
    if not scope.symbol:
        return None
    if not opaque(call):
        return call
    return written_options(scope, call) or _of_fields(call) if last(call.func) in _OPTIONED else None


def _of_fields(call: ast.Call) -> ast.Call | None:
    """A call with the time that `**asdict(LOCKS[kind])` gives it: a field of what a table holds."""
    spread = [k.value for k in call.keywords if k.arg is None]
    held = spread[0].args[0] if len(spread) == 1 and isinstance(spread[0], ast.Call) and spread[0].args else None
    if held is None or last(spread[0].func if isinstance(spread[0], ast.Call) else held) not in {"asdict", "vars"}:
        return None
    time = ast.keyword("timeout", ast.copy_location(ast.Attribute(held, "timeout", ast.Load()), call))
    given = [k for k in call.keywords if k.arg and k.arg != "timeout"]
    return ast.copy_location(ast.Call(call.func, call.args, [*given, ast.copy_location(time, call)]), call)


def _is_given_later(scope: Scope, call: ast.Call) -> bool:
    """Whether some call of what `partial` makes gives it a duration."""
    holder = scope.parents.get(call)
    names = {last(t) for t in holder.targets} if isinstance(holder, ast.Assign) else set[str]()
    given = (re.compile(rf"\b{name}\([^)]*\b(?:timeout|expire|p?x|ex)=") for name in names)
    return any(map(scope.machine.project.naming, given))


def _taken(scope: Scope, call: ast.Call, names: set[str]) -> Iterator[LockWithExpiry | LockWithoutExpiry]:
    """The lock that a call takes."""
    if last(call.func) == _OF_ROWS:
        yield scope.observed(LockWithExpiry, call)
        return
    if present := presence_lock(scope, call, names):
        ends, how = present
        yield scope.observed(LockWithExpiry, call) if ends else scope.observed(LockWithoutExpiry, call, how=how)
        return
    expires = _expires(scope, call, names)
    if isinstance(expires, str):
        yield scope.observed(LockWithoutExpiry, call, perhaps=expires)
    elif expires and last(call.func) == "setnx" and not names & _AT_ONCE:
        # What is given its time by a second command keeps none when its process dies between the two.
        how = "`setnx`, puis sa durée par une seconde commande"
        yield scope.observed(LockWithoutExpiry, call, how=how, brief=True)
    elif expires is not None:
        yield scope.observed(LockWithExpiry, call) if expires else scope.observed(LockWithoutExpiry, call)
    elif unread := unread_script(scope, call):
        yield scope.observed(LockWithoutExpiry, call, unread=unread)


def _expires(scope: Scope, call: ast.Call, names: set[str]) -> bool | str | None:
    """Whether the lock that a call takes ends by itself, or why nobody knows, in French; None for a call that takes none."""
    name = last(call.func)
    if name == "lock" and isinstance(call.func, ast.Attribute) and (_is_redis(scope, call.func) or _is_given(call)):
        return _lasts(scope, call.args[1] if len(call.args) > 1 else keyword(call, "timeout"))
    made = _of_a_library(scope, call, name)
    if made is not None:
        return made
    if name == "add" and scope.external(call.func).startswith(_MEMCACHED):
        # Without a time, or with 0, these keep a key for good.
        times = [*call.args[2:3], *(keyword(call, told) for told in ("expire", "time", "exptime"))]
        given = [time for time in times if time is not None and scope.value(time) != 0]
        return _lasts(scope, *given) if _is_a_lock(scope, call, names) else None
    is_a_lock = _is_a_lock(scope, call, names)
    once = name == "setnx" or (name == "set" and _is_true(keyword(call, "nx"))) or sets_once(scope, call)
    ends = _of_a_key(scope, call, name, names) if is_a_lock or once else None
    if ends is None or is_a_lock:
        return ends
    told = f"{scope.symbol} {_text(call)}".replace("register_script", "")
    if ends is True or _MARKER.search(told):
        return None
    return False if ends is False and _HELD.search(told) else _UNNAMED


def _lasts(scope: Scope, *times: ast.expr | None) -> bool | str:
    """Whether one of these times ends what they are given to; why nobody knows, where it may be None."""
    told = [(time, _may_be_absent(scope, time)) for time in times if time is not None]
    if any(absent is False for _, absent in told):
        return True
    unclear = next((time for time, _ in told if scope.value(time) is not None), None)
    return f"la durée `{ast.unparse(unclear)[:60]}` du verrou est peut-être nulle" if unclear is not None else False


def _may_be_absent(scope: Scope, time: ast.expr) -> bool | None:
    """Whether a time may be None, by its text, or by each entry of a table that those who call ask for."""
    absent = may_be_none(scope, time)
    if isinstance(scope.given(time), ast.Name):
        # A parameter, of a function around perhaps: who leaves it out was counted.
        return absent
    return False if absent is not False and sides(scope, time, _ending) == {Side.VERIFIES} else absent


def _ending(value: Value) -> Side | None:
    plain = unwrap(value)[0]
    if plain is None:
        return Side.GIVES_UP
    return Side.VERIFIES if isinstance(plain, int | float) and plain > 0 else None


def _of_a_library(scope: Scope, call: ast.Call, name: str) -> bool | str | None:
    """A lock of a file or of a session of a database dies with its process, whatever it waits for; a soft one does not."""
    if _OF_A_SESSION.fullmatch(name):
        return True
    if name not in _CLASSES:
        return None
    dotted = scope.external(call.func)
    if _OF_REDIS.match(dotted):
        return _lasts(scope, _time(call, "timeout", 2))
    if dotted.startswith("redis_lock."):
        return _lasts(scope, _time(call, "expire", 2))
    # flufl's has a lifetime, 15 s where none is given: past it, whoever asks next breaks it.
    if dotted.startswith(("filelock.", "portalocker.", "fcntl.", "fasteners.", "flufl.lock.")):
        return "Soft" not in name
    return None


def _of_a_key(scope: Scope, call: ast.Call, name: str, names: set[str]) -> bool | str | None:
    """A key that is set once: by a command, by a script, in a cache."""
    if name == "setnx":
        return bool(names & {"expire", "pexpire"})
    if name == "set" and _is_true(keyword(call, "nx")):
        return _lasts(scope, *call.args[2:], *(keyword(call, e) for e in _EXPIRIES))
    if name in {"hsetnx", "persist"} or (name == "sadd" and _decides(scope, call)):
        # A field, a member, and a key that is told to last, have no time of their own.
        return False
    holder = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    held = [holder, scope.of_module.get(last(holder), holder)]
    cached = isinstance(call.func, ast.Attribute) and any("cache" in ast.unparse(one).lower() for one in held)
    time = _time(call, "timeout", 2) if cached else None
    if cached and name == "add" and len(call.args) > 1:
        # Without a timeout, Django's cache keeps a key for its `TIMEOUT`: 300 s unless a setting says otherwise.
        return time is None or _lasts(scope, time)
    if cached and name == "set" and time is not None:
        # Who excludes others asks first; a mark that is set and removed as a state changes excludes nobody.
        asks = bool(names & _ASKING) or _NAMED_LOCK.search(ast.unparse(call)) is not None
        return _lasts(scope, time) if asks else None
    return scripted_lock(scope, call)


def _time(call: ast.Call, name: str, place: int) -> ast.expr | None:
    return call.args[place] if len(call.args) > place else keyword(call, name)


def _is_a_lock(scope: Scope, call: ast.Call, names: set[str]) -> bool:
    """Whether a key set only once is a lock: it is given back here, or its name says so."""
    told = f"{scope.symbol} {_text(call)}".lower()
    named = any(word in told for word in ("lock", "acquire", "mutex")) or _ENTERED.search(scope.symbol)
    return bool(named) or "delete" in names or (last(call.func), *sorted(_GIVEN_BACK & names)) in _PAIRS


def _decides(scope: Scope, call: ast.Call) -> bool:
    return any(isinstance(node, ast.If) and call in walk(node.test) for node in scope.around(call))


def _text(call: ast.Call) -> str:
    return ast.unparse(call) if len(call.args) < _FEW else ast.unparse(call.func)


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_given(call: ast.Call) -> bool:
    """Whether a lock is asked for as the clients of Redis do: by these names."""
    return bool(call.args) and any(k.arg in _REDIS_OPTIONS for k in call.keywords)


def _is_redis(scope: Scope, callee: ast.Attribute) -> bool:
    holder = ast.unparse(callee.value).lower()
    return "redis" in holder or scope.external(callee).startswith(("redis.", "valkey."))
