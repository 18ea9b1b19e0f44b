"""Clients of the standard library that verify nothing unless they are given a context: mail and FTP over TLS."""

import ast
import re
from collections.abc import Iterator

from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.behaviour.verification_options import spread_entry

# Without a context they call `ssl._create_stdlib_context`, which is `_create_unverified_context`: by which argument
# they are given one, and at which place before Python 3.12.
_CLIENTS = {
    "imaplib.IMAP4_SSL": ("ssl_context", 4),
    "poplib.POP3_SSL": ("context", 5),
    "smtplib.SMTP_SSL": ("context", 7),
    "ftplib.FTP_TLS": ("context", 6),
    "nntplib.NNTP_SSL": ("ssl_context", 5),
    "ssl.wrap_socket": ("cert_reqs", 4),
}
STANDARD_WORDS = ("imaplib", "poplib", "smtplib", "ftplib", "nntplib", "wrap_socket")
_METHODS = {"starttls": (("context", 2), ("ssl_context", 0)), "stls": (("context", 0),)}
_DEPTH = 3
_SPOKEN_OF = re.compile("|".join(STANDARD_WORDS))
_LIBRARIES = re.compile(r"(?<!\w)(?:smtplib|imaplib|poplib|nntplib)\b")


def without_a_context(scope: Scope, call: ast.Call) -> tuple[str, bool]:
    """What a call leaves to the default that verifies nothing, and whether `**options` may say otherwise; empty for others."""
    for name in _names(scope, call) if scope.machine.project.holds(_SPOKEN_OF) else ():
        argument, place = _CLIENTS[name]
        if name == "ssl.wrap_socket" and keyword(call, "server_side") is not None:
            continue
        if _is_left_out(scope, call, argument, place):
            return f"{name}(…, {argument}=None)", _may_be_spread(scope, call)
    method = last(call.func)
    if method in _METHODS and isinstance(call.func, ast.Attribute) and _LIBRARIES.search(scope.module.source.text):
        told = _METHODS[method]
        if all(_is_left_out(scope, call, argument, place) for argument, place in told):
            return f"{ast.unparse(call.func)}({told[0][0]}=None)", _may_be_spread(scope, call)
    return "", False


def _names(scope: Scope, call: ast.Call) -> Iterator[str]:
    """The clients of the table that a call may make: by their name, a local choice, or `getattr` of their module."""
    if last(call.func) == "partial" and call.args:
        yield from (n for n in [scope.external(call.args[0])] if n in _CLIENTS)
    for node in choices(scope, call.func, 0):
        name = scope.external(node)
        if name in _CLIENTS:
            yield name
        if isinstance(node, ast.Call) and last(node.func) == "getattr" and len(node.args) > 1:
            module = ast.unparse(node.args[0])
            given = (n.value for n in choices(scope, node.args[1], 0) if isinstance(n, ast.Constant))
            texts = (text for text in given if isinstance(text, str))
            yield from (n for text in texts if (n := f"{module}.{text}") in _CLIENTS)


def choices(scope: Scope, node: ast.expr, depth: int) -> Iterator[ast.expr]:
    """The expressions that one may stand for: each that its name is given here, each side of a choice."""
    if isinstance(node, ast.IfExp):
        yield from (n for side in (node.body, node.orelse) for n in choices(scope, side, depth))
        return
    given = scope.assigns.get(node.id, ()) if isinstance(node, ast.Name) and depth < _DEPTH else ()
    if not given:
        yield node
    for assign in given:
        yield from choices(scope, assign.value, depth + 1)


def _is_left_out(scope: Scope, call: ast.Call, argument: str, place: int) -> bool:
    given = keyword(call, argument) or spread_entry(scope, call, argument)
    if given is None and any(isinstance(a, ast.Starred) for a in call.args):
        return False
    given = given or (call.args[place] if place < len(call.args) else None)
    return given is None or (isinstance(given, ast.Constant) and given.value is None)


def _may_be_spread(scope: Scope, call: ast.Call) -> bool:
    spread = [scope.given(k.value) for k in call.keywords if k.arg is None]
    return any(not isinstance(s, ast.Dict) or None in s.keys for s in spread)
