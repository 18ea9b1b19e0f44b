"""Calls over the network: with or without a limit of time."""

import ast
from collections.abc import Iterator

from audit.model.observations.waits import DefaultTimeoutSource, RequestWithoutTimeout, RequestWithTimeout
from audit.model.unknown import UNKNOWN, Unknown
from audit.reading.behaviour.certificates import held
from audit.reading.behaviour.kept_clients import kept_client
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.behaviour.verification_options import spread_entry
from audit.reading.python.abstract_values import ClassValue, FunctionValue, Instance, Method, unwrap
from audit.reading.python.child_nodes import walk

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "send"})
_ASKING = _VERBS | {"urlopen", "Client", "AsyncClient"}
_HTTPX_DEFAULT = 5.0
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
_PLACED_TIMEOUT = {"urllib.request.urlopen": 2}
_SENDING = frozenset(
    {"requests.adapters.HTTPAdapter", "requests.Session", "requests.sessions.Session", "requests.api", "requests"}
)


def network(scope: Scope) -> Iterator[RequestWithTimeout | RequestWithoutTimeout | DefaultTimeoutSource]:
    """Requests of a scope, with or without a timeout, and what may give all of them one."""
    mounted = any(last(call.func) == "mount" for call in scope.calls)
    for call in scope.calls:
        name = last(call.func)
        if replaced := _gives_a_default(scope, call, name):
            yield scope.observed(DefaultTimeoutSource, call, name=replaced)
        if not mounted:
            yield from _request(scope, call, name) if name in _ASKING else _later(scope, call, name)
    for node in scope.all(ast.Assign):
        target = node.targets[0]
        if isinstance(target, ast.Attribute) and target.attr in _VERBS and held(scope, target.value) in _SENDING:
            yield scope.observed(DefaultTimeoutSource, node, name=ast.unparse(target))


def _request(
    scope: Scope, call: ast.Call, name: str
) -> Iterator[RequestWithTimeout | RequestWithoutTimeout | DefaultTimeoutSource]:
    limited = _limited(scope, call, name)
    spread = _may_be_spread(scope, call) if limited is False else ""
    if limited:
        yield scope.observed(RequestWithTimeout, call, seconds=_seconds(scope, call))
    elif limited is not None:
        library = scope.external(call.func).partition(".")[0]
        yield scope.observed(RequestWithoutTimeout, call, library=library, spread=spread)


def _may_be_spread(scope: Scope, call: ast.Call) -> str:
    """The `**options` that may give a timeout, as written; empty where what they hold was read."""
    unread = [k.value for k in call.keywords if k.arg is None and not _is_read(scope, k.value)]
    return f"**{ast.unparse(unread[0])}" if unread else ""


def _is_read(scope: Scope, node: ast.expr) -> bool:
    """Whether all the entries of a dictionary are known: it is written here, or what a function of the project answers."""
    made = scope.given(node)
    if isinstance(made, ast.Call):
        function = unwrap(scope.evaluated(made.func))[0]
        if not isinstance(function, FunctionValue):
            return False
        answers = [n.value for n in walk(function.node) if isinstance(n, ast.Return)]
        return bool(answers) and all(isinstance(a, ast.Dict) and _has_no_timeout(a) for a in answers)
    return isinstance(made, ast.Dict) and _has_no_timeout(made)


def _has_no_timeout(node: ast.Dict) -> bool:
    return all(isinstance(key, ast.Constant) and key.value != "timeout" for key in node.keys)


def _timeout(scope: Scope, call: ast.Call) -> ast.expr | None:
    """The timeout that a call is given, by its name or among `**options`."""
    return keyword(call, "timeout") or spread_entry(scope, call, "timeout")


def _later(
    scope: Scope, call: ast.Call, name: str
) -> Iterator[RequestWithTimeout | RequestWithoutTimeout | DefaultTimeoutSource]:
    """`partial(requests.post, url)`, which somebody may call with a timeout: what was read of it has none."""
    asked = call.args[0] if name == "partial" and call.args else None
    if not isinstance(asked, ast.Attribute | ast.Name) or last(asked) not in _VERBS | {"urlopen"}:
        return
    made = ast.copy_location(ast.Call(asked, call.args[1:], call.keywords), call)
    yield from _request(scope, made, last(asked))


def _seconds(scope: Scope, call: ast.Call) -> float | Unknown:
    """How long the answer may be waited for: of a pair, the second; `httpx` waits 5 s by default."""
    timeout = _timeout(scope, call)
    if timeout is None:
        return _HTTPX_DEFAULT if scope.external(call.func).startswith("httpx.") else UNKNOWN
    value = scope.value(timeout)
    told = value[-1] if isinstance(value, list | tuple) and len(value) == 2 else value
    return told if isinstance(told, int | float) and not isinstance(told, bool) else UNKNOWN


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
    if callee.startswith(_WITHOUT_DEFAULT):
        return given if name in _VERBS else None
    # httpx waits 5 s by default: only a None given to it is for ever.
    waits = _is_made_to_wait(*kept[1:]) if kept else _waits(scope, call)
    return (given or (timeout is None and not waits)) if callee.startswith(_WITH_DEFAULT) else None


def _is_made_to_wait(made: ast.Call, scope: Scope) -> bool:
    timeout = _timeout(scope, made)
    return timeout is not None and scope.value(timeout) is None


def _waits(scope: Scope, call: ast.Call) -> bool:
    """Whether the client that sends was made with `timeout=None`."""
    method = scope.evaluated(call.func)
    client = unwrap(method.receiver)[0] if isinstance(method, Method) else None
    return isinstance(client, Instance) and client.keywords.get("timeout", UNKNOWN) is None
