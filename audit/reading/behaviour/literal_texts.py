"""The texts written in full that an expression may be: what wraps them, joins them, or takes them for a default."""

import ast
import re
from collections.abc import Iterator
from enum import Enum

from audit.reading.behaviour.scope import Scope, keyword, last

_WRAPS = frozenset(
    {
        "SecretStr",
        "SecretBytes",
        "Secret",
        "str",
        "bytes",
        "Field",
        "field",
        "mark_safe",
        "encode",
        "strip",
        "b64decode",
        "fromhex",
        "unhexlify",
    }
)
_FIELDS = frozenset({"Field", "field"})
_READERS = frozenset({"getenv", "get", "setdefault", "config", "env", "str", "get_value", "bytes", "pop"})
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_OPTION = re.compile(r"--?[a-z]")
_SCHEME = re.compile(r"^(?:Bearer|Token|Basic|Bot|ApiKey|Key) +(?=\S{12})")


class Place(Enum):
    """Where a name is given a value: by itself, instead of another, in a list, or for want of a variable of the environment."""

    OWN = "own"
    INSTEAD = "instead"
    LISTED = "listed"
    DEFAULT = "default"


def as_text(node: ast.expr) -> str:
    """The text of a literal; that of bytes in hexadecimal where they are no text; empty for another."""
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bytes):
        return value.decode() if value.isascii() and value.decode().isprintable() else value.hex()
    return value if isinstance(value, str) else ""


def filled_text(node: ast.expr) -> str:
    """The text of a literal, or of several with other values between them, which are `{}`; empty where no literal is."""
    if isinstance(node, ast.JoinedStr):
        return "".join(as_text(part) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [filled_text(node.left), filled_text(node.right)]
        return "".join(part or "{}" for part in parts) if any(parts) else ""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return re.sub(r"\{\w*\}", "{}", as_text(node.func.value))
    return as_text(node)


def literals(scope: Scope, node: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """Each text that the expression may be, with the node that a report points at; without the scheme of a header."""
    for choice in _choices(node):
        inner = _wrapped(choice)
        text = "".join(_parts(inner))
        if text:
            yield inner, _SCHEME.sub("", text)
        elif inner is not choice and not isinstance(inner, ast.Call):
            yield from literals(scope, inner)


def _choices(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _choices(value)
    elif isinstance(node, ast.IfExp):
        yield from (*_choices(node.body), *_choices(node.orelse))
    else:
        yield node


def _wrapped(node: ast.expr) -> ast.expr:
    """The literal inside `SecretStr("…")` or before `.encode()`, or the node itself."""
    if not isinstance(node, ast.Call) or last(node.func) not in _WRAPS:
        return node
    if last(node.func) in _FIELDS and (default := keyword(node, "default")) is not None:
        return default
    if default_read(node):
        return node
    if node.args and (len(node.args) == 1 or last(node.func) in {"bytes", *_FIELDS}):
        return node.args[0]
    return node.func.value if isinstance(node.func, ast.Attribute) and not node.args else node


def _parts(node: ast.expr) -> list[str]:
    """The texts that make one, where all are written in full; none else."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _parts(node.left), _parts(node.right)
        return [*left, *right] if left and right else []
    if isinstance(node, ast.JoinedStr):
        parts = [as_text(part) for part in node.values]
        return parts if all(parts) else []
    if isinstance(node, ast.Call) and last(node.func) == "join" and node.args:
        listed = node.args[0].elts if isinstance(node.args[0], ast.List | ast.Tuple) else []
        parts = [as_text(part) for part in listed]
        return parts if all(parts) else []
    return [text] if (text := as_text(node)) else []


def default_read(call: ast.Call) -> tuple[str, ast.expr] | None:
    """The name that a call reads, in the environment or in a table, and what it answers where that is missing."""
    name = as_text(call.args[0]) if call.args else ""
    default = keyword(call, "default") or (call.args[1] if len(call.args) > 1 else None)
    known = last(call.func) in _READERS and (len(call.args) == 2 or keyword(call, "default") is not None)
    if default is None or not name or not (known or _VARIABLE.fullmatch(name) or _OPTION.match(name)):
        return None
    return name.lstrip("-"), default
