"""Calls over the network: without a limit of time, or without verifying who answers."""

import ast
from collections.abc import Iterator

from audit.facts import Observation
from audit.probes.source.code.scope import Scope, keyword, last, opaque
from audit.probes.source.values import UNKNOWN

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "send"})
_ASKING = _VERBS | {"urlopen", "Client", "AsyncClient"}
_WITHOUT_DEFAULT = ("requests.",)
_CLIENTS = ("requests.", "httpx.", "aiohttp.", "urllib3.")
_PLACED_TIMEOUT = {"urllib.request.urlopen": 2}
_SENDING = frozenset(
    {"requests.adapters.HTTPAdapter", "requests.Session", "requests.sessions.Session", "requests.api", "requests"}
)


def network(scope: Scope) -> Iterator[Observation]:
    """What requests of a scope risk.

    `no-timeout`: one that may wait for ever (`library`: who sends it), `timeout`: one that may not; `requests-replaced`: the project sends
    those of `requests` its own way; `unverified-tls`: a certificate that is not verified (`how`: what gives it up).
    """
    mounted = any(last(call.func) == "mount" for call in scope.calls)
    for call in scope.calls:
        name = last(call.func)
        if keyword(call, "verify") is not None or keyword(call, "ssl_cert_reqs") is not None:
            if how := _unverified(scope, call):
                yield scope.observed("unverified-tls", call, how=how)
        elif name == "_create_unverified_context":
            yield scope.observed("unverified-tls", call, how=name)
        asks = bool(scope.symbol) and not mounted and name in _ASKING and not opaque(call)
        if asks and (sound := _limited(scope, call, name)) is not None:
            library = scope.external(call.func).partition(".")[0]
            yield scope.observed("timeout" if sound else "no-timeout", call, library=library)
    for node in scope.all(ast.Assign):
        target = node.targets[0]
        if isinstance(target, ast.Attribute) and target.attr in _VERBS and scope.external(target.value) in _SENDING:
            yield scope.observed("requests-replaced", node, name=ast.unparse(target))
        unset = isinstance(target, ast.Attribute) and target.attr == "verify" and _is_false(node.value)
        if unset and isinstance(target, ast.Attribute) and _is_client(scope, target.value):
            yield scope.observed("unverified-tls", node, how="verify = False")


def _is_client(scope: Scope, node: ast.expr) -> bool:
    return "session" in last(node).lower() or scope.external(node).startswith(_CLIENTS)


def _limited(scope: Scope, call: ast.Call, name: str) -> bool | None:
    """Whether a request ends by itself when nobody answers; None for what is not a request."""
    callee = scope.external(call.func)
    timeout = keyword(call, "timeout")
    given = timeout is not None and not (isinstance(timeout, ast.Constant) and timeout.value is None)
    if callee in _PLACED_TIMEOUT:
        return given or len(call.args) > _PLACED_TIMEOUT[callee]
    if callee.startswith(_WITHOUT_DEFAULT):
        return given if name in _VERBS else None
    # httpx waits 5 s by default: only a None given to it is for ever.
    return (given or timeout is None) if callee.startswith("httpx.") else None


def _unverified(scope: Scope, call: ast.Call) -> str:
    """The argument that gives up verifying a certificate, as written; empty when none does."""
    reqs, verify = keyword(call, "ssl_cert_reqs"), keyword(call, "verify")
    if reqs is not None:
        value = scope.value(reqs)
        gives_up = value is not UNKNOWN and (value is None or str(value).lower().endswith("none"))
        return f"ssl_cert_reqs={ast.unparse(reqs)}" if gives_up else ""
    gives_up = verify is not None and _is_false(verify) and scope.external(call.func).startswith(_CLIENTS)
    return "verify=False" if gives_up else ""


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False
