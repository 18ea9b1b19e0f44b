"""Calls over the network: without a limit of time, or without verifying who answers."""

import ast
from collections.abc import Iterator

from audit.model.observations.observation import Observation
from audit.model.observations.secrets_and_certificates import UnverifiedCertificate
from audit.model.observations.waits import DefaultTimeoutSource, RequestWithoutTimeout, RequestWithTimeout
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.scope import Scope, keyword, last, opaque
from audit.reading.python.abstract_values import ClassValue, External, Instance, Method, unwrap

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "send"})
_ASKING = _VERBS | {"urlopen", "Client", "AsyncClient"}
_WITHOUT_DEFAULT = ("requests.",)
_CLIENTS = ("requests.", "httpx.", "aiohttp.", "urllib3.")
_PLACED_TIMEOUT = {"urllib.request.urlopen": 2}
_SENDING = frozenset(
    {"requests.adapters.HTTPAdapter", "requests.Session", "requests.sessions.Session", "requests.api", "requests"}
)


def network(scope: Scope) -> Iterator[Observation]:
    """Requests of a scope, with or without a timeout, what may give all of them one, and certificates that are not verified."""
    mounted = any(last(call.func) == "mount" for call in scope.calls)
    for call in scope.calls:
        name = last(call.func)
        if keyword(call, "verify") is not None or keyword(call, "ssl_cert_reqs") is not None:
            if how := _unverified(scope, call):
                yield scope.observed(UnverifiedCertificate, call, argument=how)
        elif how := _unverified_otherwise(scope, call, name):
            yield scope.observed(UnverifiedCertificate, call, argument=how)
        if replaced := _gives_a_default(scope, call, name):
            yield scope.observed(DefaultTimeoutSource, call, name=replaced)
        if scope.symbol and not mounted and name in _ASKING and not opaque(call):
            yield from _request(scope, call, name)
    for node in scope.all(ast.Assign):
        target = node.targets[0]
        if isinstance(target, ast.Attribute) and target.attr in _VERBS and _held(scope, target.value) in _SENDING:
            yield scope.observed(DefaultTimeoutSource, node, name=ast.unparse(target))
        unset = isinstance(target, ast.Attribute) and target.attr == "verify" and _is_false(node.value)
        if unset and isinstance(target, ast.Attribute) and _is_client(scope, target.value):
            yield scope.observed(UnverifiedCertificate, node, argument="verify = False")


def _request(scope: Scope, call: ast.Call, name: str) -> Iterator[Observation]:
    limited = _limited(scope, call, name)
    if limited:
        yield scope.observed(RequestWithTimeout, call)
    elif limited is not None:
        library = scope.external(call.func).partition(".")[0]
        yield scope.observed(RequestWithoutTimeout, call, library=library)


def _is_client(scope: Scope, node: ast.expr) -> bool:
    return "session" in last(node).lower() or _held(scope, node).startswith(_CLIENTS)


def _held(scope: Scope, node: ast.expr) -> str:
    """Dotted name of what comes from outside the target, or of the class of it that a name holds an instance of."""
    value = scope.evaluated(node)
    told = value.cls if isinstance(value, Instance) else value
    return told.dotted if isinstance(told, External) else scope.external(node)


def _unverified_otherwise(scope: Scope, call: ast.Call, name: str) -> str:
    """What gives up verifying a certificate without a `verify` written in the call; empty when nothing does."""
    if name == "_create_unverified_context":
        return name
    ssl = keyword(call, "ssl")
    if ssl is not None and _is_false(ssl) and _asks_by(scope, call, ("aiohttp.",)):
        return "ssl=False"
    spread = [scope.value(k.value) for k in call.keywords if k.arg is None]
    unset = any(isinstance(options, dict) and options.get("verify") is False for options in spread)
    return "verify=False" if unset and scope.external(call.func).startswith(_CLIENTS) else ""


def _asks_by(scope: Scope, call: ast.Call, libraries: tuple[str, ...]) -> bool:
    """Whether a call is one of these libraries', or a request by an object of unknown origin in a module that speaks of one."""
    callee = scope.external(call.func)
    if callee:
        return callee.startswith(libraries)
    return last(call.func) in _VERBS and any(library[:-1] in scope.module.source.text for library in libraries)


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
    timeout = keyword(call, "timeout")
    given = timeout is not None and scope.value(timeout) is not None
    if callee in _PLACED_TIMEOUT:
        return given or len(call.args) > _PLACED_TIMEOUT[callee]
    if callee.startswith(_WITHOUT_DEFAULT):
        return given if name in _VERBS else None
    # httpx waits 5 s by default: only a None given to it is for ever.
    return (given or (timeout is None and not _waits(scope, call))) if callee.startswith("httpx.") else None


def _waits(scope: Scope, call: ast.Call) -> bool:
    """Whether the client that sends was made with `timeout=None`."""
    method = scope.evaluated(call.func)
    client = unwrap(method.receiver)[0] if isinstance(method, Method) else None
    return isinstance(client, Instance) and client.keywords.get("timeout", UNKNOWN) is None


def _unverified(scope: Scope, call: ast.Call) -> str:
    """The argument that gives up verifying a certificate, as written; empty when none does."""
    reqs, verify = keyword(call, "ssl_cert_reqs"), keyword(call, "verify")
    if reqs is not None:
        value = scope.value(reqs)
        gives_up = value is not UNKNOWN and (value is None or str(value).lower().endswith("none"))
        return f"ssl_cert_reqs={ast.unparse(reqs)}" if gives_up else ""
    gives_up = verify is not None and _is_false(verify) and _asks_by(scope, call, _CLIENTS)
    return "verify=False" if gives_up else ""


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False
