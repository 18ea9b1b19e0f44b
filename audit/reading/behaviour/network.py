"""Calls over the network: with or without a limit of time."""

import ast
import re
from collections.abc import Collection, Iterator

from audit.model.observations.waits import DefaultTimeoutSource, RequestWithoutTimeout, RequestWithTimeout
from audit.model.unknown import UNKNOWN, Unknown
from audit.model.word_tables import word_set
from audit.reading.behaviour.answered_options import answered
from audit.reading.behaviour.certificates import held
from audit.reading.behaviour.kept_clients import kept_client
from audit.reading.behaviour.request_attempts import with_attempts
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.behaviour.standard_clients import choices
from audit.reading.behaviour.verification_options import spread_entry
from audit.reading.behaviour.verification_values import Side, sides
from audit.reading.python.abstract_values import (
    MISSING,
    ClassValue,
    External,
    Instance,
    Method,
    Table,
    Value,
    exported,
    last_name,
    unwrap,
)

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "send"})
_ASKING = _VERBS | {"urlopen", "Client", "AsyncClient", "HTTPConnection", "HTTPSConnection"}
_HTTPX_DEFAULT = 5.0
_AIOHTTP_DEFAULT = 300.0
_OF_AIOHTTP = frozenset({"aiohttp.ClientSession", "aiohttp.client.ClientSession", "aiohttp.request"})
_WAITED_FOR = re.compile(r"\bwait_for\(|asyncio\.timeout|async_timeout|\.(?:get|post|put|request)\([^)]*timeout=")
_WITHOUT_DEFAULT = ("requests.", "urllib3.request")
_WITH_DEFAULT = ("httpx.", "httpx2.", "niquests.")
# What an answer or a session holds: `headers.get` reads a dictionary.
_NO_CLIENT = (_VERBS - {"request"}) | {
    "headers",
    "cookies",
    "params",
    "proxies",
    "json",
    "hooks",
    "adapters",
    "history",
    "links",
}
_LEAVES = (ast.Return, ast.Raise, ast.Break)
_PLACED_TIMEOUT = {
    "urllib.request.urlopen": 2,
    "http.client.HTTPConnection": 2,
    "http.client.HTTPSConnection": 2,
}
_POOLS = re.compile(r"^urllib3\.(?:\w+\.)*(?:PoolManager|ProxyManager|HTTPS?ConnectionPool)\.(?:request|urlopen)$")
_SENDERS = frozenset({"Session", "HTTPAdapter"})
_SENDING = word_set("""
    requests.adapters.HTTPAdapter requests.Session requests.sessions.Session requests.sessions requests.adapters
    requests.api requests
""")


def network(scope: Scope) -> Iterator[RequestWithTimeout | RequestWithoutTimeout | DefaultTimeoutSource]:
    """Requests of a scope, with or without a timeout, and what may give all of them one."""
    mounted = any(last(call.func) == "mount" for call in scope.calls)
    for call in scope.calls:
        name = last(call.func)
        if replaced := _gives_a_default(scope, call, name):
            yield scope.observed(DefaultTimeoutSource, call, name=replaced)
        if not mounted or (
            name in _VERBS and (_timeout(scope, call) is not None or _by_module(scope.external(call.func)))
        ):
            yield from _request(scope, call, name) if name in _ASKING else _later(scope, call, name)
            yield from _by_another_name(scope, call)
            yield from _by_aiohttp(scope, call, name)
    for node in scope.all(ast.Assign):
        target = node.targets[0]
        replacing = isinstance(target, ast.Attribute) and target.attr in _VERBS | _SENDERS
        if isinstance(target, ast.Attribute) and replacing and held(scope, target.value) in _SENDING:
            yield scope.observed(DefaultTimeoutSource, node, name=ast.unparse(target))


def _request(
    scope: Scope, call: ast.Call, name: str
) -> Iterator[RequestWithTimeout | RequestWithoutTimeout | DefaultTimeoutSource]:
    limited = _limited(scope, call, name)
    timeout, by_session = _timeout(scope, call) if limited else None, not _by_module(scope.external(call.func))
    found = sides(scope, timeout, _ending) if timeout is not None else frozenset()
    if timeout is not None and Side.GIVES_UP in found:
        library, told = scope.external(call.func).partition(".")[0], f"timeout={ast.unparse(timeout)}"
        unread = told if Side.UNREAD in found else ""
        perhaps = told if Side.VERIFIES in found else ""
        yield scope.observed(
            RequestWithoutTimeout, call, library=library, spread=unread, perhaps=perhaps, by_session=by_session
        )
        return
    spread = _may_be_spread(scope, call) if limited is False else ""
    if limited:
        yield scope.observed(RequestWithTimeout, call, seconds=_seconds(scope, call), turns=_turns(scope, call))
    elif limited is not None:
        library = scope.external(call.func).partition(".")[0]
        yield scope.observed(RequestWithoutTimeout, call, library=library, spread=spread, by_session=by_session)


def _by_module(callee: str) -> bool:
    """Whether a function of `requests` itself sends, in a session that it makes for this one request."""
    return callee.removeprefix("requests.").removeprefix("api.") in _VERBS and callee.startswith("requests.")


def _turns(scope: Scope, call: ast.Call) -> int | Unknown:
    """How often the loops around send a request where nobody answers in time: an error that none of them passes over ends them."""
    turns: int | Unknown = 1
    passed = False
    for around in scope.around(call):
        if isinstance(around, ast.Try):
            passed |= not all(isinstance(handler.body[-1], _LEAVES) for handler in around.handlers)
        if isinstance(around, ast.For | ast.AsyncFor):
            times = scope.evaluated(around.iter)
            if not isinstance(times, range | list | tuple | dict):
                return UNKNOWN
            turns = turns * max(len(times), 1) if passed and turns is not UNKNOWN else turns
    return turns


def _ending(value: Value) -> Side | None:
    """What a value of `timeout=` does: a request ends by itself or, with None to wait for the answer, may never."""
    plain = unwrap(value)[0]
    if isinstance(plain, list | tuple) and len(plain) == 2:
        return _ending(plain[1])
    if isinstance(plain, Instance) and isinstance(plain.cls, External) and last_name(plain.cls) == "Timeout":
        return _ending(plain.keywords.get("read", plain.arguments[0] if plain.arguments else UNKNOWN))
    if plain is None:
        return Side.GIVES_UP
    return Side.VERIFIES if isinstance(plain, int | float | str) else None


def _by_aiohttp(
    scope: Scope, call: ast.Call, name: str
) -> Iterator[RequestWithTimeout | RequestWithoutTimeout | DefaultTimeoutSource]:
    """What a session of aiohttp waits for each answer, five minutes by default, or a request that says otherwise."""
    timeout = _timeout(scope, call)
    made = name in {"ClientSession", "request"} and scope.external(call.func) in _OF_AIOHTTP
    if not made and (timeout is None or name not in _VERBS):
        return
    held_by = unwrap(scope.evaluated(timeout))[0] if timeout is not None else _AIOHTTP_DEFAULT
    of_its_own = isinstance(held_by, Instance) and isinstance(held_by.cls, External)
    if not made and not (of_its_own and isinstance(held_by, Instance) and last_name(held_by.cls) == "ClientTimeout"):
        return
    seconds = UNKNOWN if timeout is None and _may_be_spread(scope, call) else _total(held_by)
    if seconds is None:
        # A request of the session, or what waits for it, may have its own.
        other = "asyncio" if scope.machine.project.holds(_WAITED_FOR) else ""
        yield scope.observed(RequestWithoutTimeout, call, library="aiohttp", spread=other)
    else:
        yield scope.observed(RequestWithTimeout, call, seconds=seconds, turns=_turns(scope, call))


def _total(value: Value) -> float | Unknown | None:
    """The seconds that a timeout of aiohttp allows for an answer, None where it allows any time."""
    if isinstance(value, Instance):
        given = value.keywords
        total = given.get("total", value.arguments[0] if value.arguments else UNKNOWN if given.opaque else None)
        value = unwrap(given.get("sock_read") if total is None else total)[0]
    return value if value is None or (isinstance(value, int | float) and not isinstance(value, bool)) else UNKNOWN


def _may_be_spread(scope: Scope, call: ast.Call) -> str:
    """The `**options` that may give a timeout, as written; empty where what they hold was read."""
    unread = [k.value for k in call.keywords if k.arg is None and not _is_read(scope, k.value)]
    return f"**{ast.unparse(unread[0])}" if unread else ""


def _is_read(scope: Scope, node: ast.expr) -> bool:
    """Whether all the entries of a dictionary are known: it is written here, or what a function of the project answers."""
    made = scope.given(node)
    if isinstance(made, ast.Call) and last(made.func) != "dict":
        return all(one is MISSING for one in answered(scope, made, "timeout"))
    return _has_no_timeout(made)


def _has_no_timeout(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and last(node.func) == "dict" and not node.args:
        return all(k.arg is not None and k.arg != "timeout" for k in node.keywords)
    return isinstance(node, ast.Dict) and all(
        isinstance(key, ast.Constant) and key.value != "timeout" for key in node.keys
    )


def _timeout(scope: Scope, call: ast.Call) -> ast.expr | None:
    """The timeout that a call is given, by its name, among `**options`, or among those that a function answers."""
    given = keyword(call, "timeout") or spread_entry(scope, call, "timeout")
    spread = [scope.given(k.value) for k in call.keywords if k.arg is None]
    return given or next(filter(None, (_answered(scope, one) for one in spread if isinstance(one, ast.Call))), None)


def _answered(scope: Scope, call: ast.Call) -> ast.expr | None:
    """The timeout that every function of the project that a call may run gives among the options that it answers: the longest."""
    found = answered(scope, call, "timeout")
    if MISSING in found or UNKNOWN in found:
        return None
    told = {total: value for value in found if value is not MISSING for total in [_total(unwrap(value)[0])]}
    never = next((total for total in told if total is None or total is UNKNOWN), 0.0)
    longest = never if never != 0.0 else max((total for total in told if isinstance(total, int | float)), default=0.0)
    node = ast.copy_location(ast.Name("timeout", ast.Load()), call)
    scope.stands[node] = told[longest]
    return node


def _later(
    scope: Scope, call: ast.Call, name: str
) -> Iterator[RequestWithTimeout | RequestWithoutTimeout | DefaultTimeoutSource]:
    """`partial(requests.post, url)`, which somebody may call with a timeout: what was read of it has none."""
    asked = call.args[0] if name == "partial" and call.args else None
    if not isinstance(asked, ast.Attribute | ast.Name) or last(asked) not in _VERBS | {"urlopen"}:
        return
    # What a module gives a name is asked by those who call it.
    if not scope.symbol and isinstance(scope.parents.get(call), ast.Assign | ast.AnnAssign):
        return
    made = ast.copy_location(ast.Call(asked, call.args[1:], call.keywords), call)
    yield from _request(scope, made, last(asked))


def _by_another_name(
    scope: Scope, call: ast.Call
) -> Iterator[RequestWithTimeout | RequestWithoutTimeout | DefaultTimeoutSource]:
    """`getattr(requests, verb)(url)`, `VERBS[verb](url)`, `fetch(url)` after `fetch = partial(requests.get)`."""
    asked, preset = _asked(scope, call)
    if not asked.startswith((*_WITHOUT_DEFAULT, *_WITH_DEFAULT)):
        return
    timeout, by_session = _timeout(scope, call), not _by_module(asked)
    known = timeout is not None and scope.value(timeout) is not None
    given = preset.get("timeout", UNKNOWN) if isinstance(preset, Table) and timeout is None else UNKNOWN
    if given is not UNKNOWN and _ending(given) is Side.GIVES_UP:
        yield scope.observed(RequestWithoutTimeout, call, library=asked.partition(".")[0], by_session=by_session)
    elif known or "timeout" in preset or (timeout is None and asked.startswith(_WITH_DEFAULT)):
        plain = unwrap(given)[0]
        told = plain[1] if isinstance(plain, list | tuple) and len(plain) == 2 else plain
        seconds = told if isinstance(told, int | float) else _seconds(scope, call)
        yield scope.observed(RequestWithTimeout, call, seconds=seconds)
    else:
        spread, library = _may_be_spread(scope, call), asked.partition(".")[0]
        yield scope.observed(RequestWithoutTimeout, call, library=library, spread=spread, by_session=by_session)


def _asked(scope: Scope, call: ast.Call) -> tuple[str, Collection[object]]:
    """The dotted name of the request that a call makes by another name, with the options it was given before."""
    if not scope.symbol or (last(call.func) in _ASKING and scope.external(call.func)):
        return "", ()
    func = scope.given(call.func)
    if isinstance(func, ast.Call) and last(func.func) == "getattr" and func.args:
        return f"{held(scope, func.args[0])}.request", ()
    if isinstance(func, ast.Subscript | ast.Call):
        return _in_a_table(scope, func), ()
    if len(chosen := list(choices(scope, call.func, 0))) > 1:
        return next(filter(None, (_verb(scope.evaluated(one)) for one in chosen)), ""), ()
    value = scope.evaluated(func) if isinstance(func, ast.Name | ast.Attribute) else UNKNOWN
    made_by = value.cls if isinstance(value, Instance) else UNKNOWN
    if isinstance(value, Instance) and isinstance(made_by, External) and last_name(made_by) == "partial":
        return _verb(unwrap(value.arguments[0])[0] if value.arguments else UNKNOWN), value.keywords
    return _verb(value), ()


def _in_a_table(scope: Scope, func: ast.Subscript | ast.Call) -> str:
    """One of the requests of a dictionary, from which `VERBS[verb]` or `VERBS.get(verb)` takes one."""
    table = func.value if isinstance(func, ast.Subscript) else None
    if isinstance(func, ast.Call) and last(func.func) == "get" and isinstance(func.func, ast.Attribute):
        table = func.func.value
    verbs = scope.evaluated(table) if table is not None else UNKNOWN
    asked = [_verb(unwrap(v)[0]) for v in verbs.values()] if isinstance(verbs, Table) else []
    return asked[0] if asked and all(asked) else ""


def _verb(value: Value) -> str:
    return value.dotted if isinstance(value, External) and last_name(value) in _VERBS else ""


def _seconds(scope: Scope, call: ast.Call) -> float | Unknown:
    """How long the answer may be waited for, with all the attempts of a session; `httpx` waits 5 s by default."""
    timeout = _timeout(scope, call)
    if timeout is None:
        return _HTTPX_DEFAULT if scope.external(call.func).startswith("httpx.") else UNKNOWN
    value, held = scope.value(timeout), scope.evaluated(timeout)
    told = value if isinstance(value, list | tuple) and len(value) == 2 else (value, value)
    if isinstance(held, Instance) and held.cls == External("httpx.Timeout"):
        rest = held.keywords.get("timeout", held.arguments[0] if held.arguments else UNKNOWN)
        told = exported(held.keywords.get("connect", rest)), exported(held.keywords.get("read", rest))
    connect, read = (n if isinstance(n, int | float) and not isinstance(n, bool) else UNKNOWN for n in told)
    if connect is UNKNOWN or read is UNKNOWN:
        return read
    return with_attempts(scope, call, (connect, read))


def _gives_a_default(scope: Scope, call: ast.Call, name: str) -> str:
    """What may give a timeout to every request: a default of `socket`, an adapter of the project's own."""
    if name == "setdefaulttimeout":
        return "socket.setdefaulttimeout"
    adapter = scope.evaluated(call.args[1]) if name == "mount" and len(call.args) > 1 else None
    own = isinstance(adapter, Instance) and isinstance(adapter.cls, ClassValue)
    return f"{ast.unparse(call.func)}" if own else ""


def _limited(scope: Scope, call: ast.Call, name: str) -> bool | None:
    """Whether a request ends by itself when nobody answers; None for what is not a request."""
    callee = scope.external(call.func)
    kept = None if callee else kept_client(scope, call)
    callee = f"{kept[0]}.{name}" if kept else callee
    timeout = _timeout(scope, call)
    given = timeout is not None and scope.value(timeout) is not None
    if callee in _PLACED_TIMEOUT:
        return given or len(call.args) > _PLACED_TIMEOUT[callee]
    if _NO_CLIENT & set(callee.split(".")[1:-1]):
        return None
    if _POOLS.match(callee):
        return given or not _waits(scope, call)
    if callee.startswith(_WITHOUT_DEFAULT):
        return given if name in _VERBS else None
    # httpx waits 5 s by default: only a None given to it is for ever.
    waits = _is_made_to_wait(*kept[1:]) if kept else _waits(scope, call)
    return (given or (timeout is None and not waits)) if callee.startswith(_WITH_DEFAULT) else None


def _is_made_to_wait(made: ast.Call, scope: Scope) -> bool:
    timeout = _timeout(scope, made)
    return timeout is not None and scope.value(timeout) is None


def _waits(scope: Scope, call: ast.Call) -> bool:
    """Whether the client that sends was made with `timeout=None`; a pool of `urllib3`, without one."""
    method = scope.evaluated(call.func)
    client = unwrap(method.receiver)[0] if isinstance(method, Method) else None
    default = None if _POOLS.match(scope.external(call.func)) else UNKNOWN
    return isinstance(client, Instance) and client.keywords.get("timeout", default) is None
