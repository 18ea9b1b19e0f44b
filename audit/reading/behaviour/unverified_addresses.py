"""Addresses built by code that ask to verify nothing: `ssl_cert_reqs=none` among their parameters."""

import ast
import re
from collections.abc import Iterator

from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.child_nodes import walk

_ASKS_NOTHING = re.compile(r"(?i)(?:^|[?&])ssl_cert_reqs=(?:cert_)?none\b")
# A text that holds it is written somewhere, whole or in pieces.
_WRITTEN = re.compile(r"(?i)cert_?reqs|ssl_cert")
_BUILT = (ast.JoinedStr, ast.BinOp)
_UNREAD = "\0"


def unverified_addresses(scope: Scope) -> Iterator[tuple[ast.expr, str, str]]:
    """Each text that asks so, built from parts of which some may not be known, with the words that do, and what decides."""
    if not scope.machine.project.holds(_WRITTEN):
        return
    # What bytes give is no address: clients take texts.
    added = [n for n in scope.all(ast.BinOp) if not isinstance(getattr(n.left, "value", None), bytes)]
    built: list[ast.expr] = [*scope.all(ast.JoinedStr), *added]
    built += [c for c in scope.calls if last(c.func) in {"urlencode", "format"}]
    built += [c.args[0] for c in scope.calls if last(c.func) == "from_url" and c.args]
    for node in dict.fromkeys(built):
        inside = any(isinstance(around, _BUILT) for around in scope.around(node))
        if inside:
            continue
        texts = [_text(scope, node, side) for side in (True, False)]
        found = [m for text in texts if (m := _ASKS_NOTHING.search(text))]
        choice = next((n for n in walk(node) if isinstance(n, ast.IfExp)), None) if len(found) == 1 else None
        if found:
            yield node, found[0].group().lstrip("?&"), ast.unparse(choice.test) if choice else ""


def _text(scope: Scope, node: ast.expr, side: bool) -> str:
    """What a text holds on one side of its choices; each part that is not known is one character that no address has."""
    if isinstance(node, ast.JoinedStr):
        parts = [n.value if isinstance(n, ast.FormattedValue) else n for n in node.values]
        return "".join(_text(scope, part, side) for part in parts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(scope, node.left, side) + _text(scope, node.right, side)
    if isinstance(node, ast.IfExp):
        return _text(scope, node.body if side else node.orelse, side)
    value = scope.value(node)
    if isinstance(value, str | int):
        return str(value)
    other = scope.given(node)
    return _text(scope, other, side) if other is not node and isinstance(other, (*_BUILT, ast.IfExp)) else _UNREAD
