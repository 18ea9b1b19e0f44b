"""The texts written in full that an expression may be: what wraps them, joins them, or takes them for a default."""

import ast
import re
from collections.abc import Iterator
from enum import Enum

from audit.model.unknown import UNKNOWN
from audit.model.word_tables import word_set
from audit.reading.behaviour.row_objects import owner
from audit.reading.behaviour.scope import Scope, function_scope, keyword, last
from audit.reading.python.abstract_values import ClassValue, FunctionValue, unwrap
from audit.reading.python.classes import class_attribute
from audit.reading.python.parameters import defaults_of

_WRAPS = word_set("""
    SecretStr SecretBytes Secret str bytes Field field mark_safe encode strip b64decode fromhex unhexlify
""")
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
    parts = segments(node)
    return "".join(part if isinstance(part, str) else "{}" for part in parts) if any(map(_is_text, parts)) else ""


def segments(node: ast.expr) -> list[str | ast.expr]:
    """The texts of an expression and the values between them, in their order: by `f"…"`, `+`, `format` and `%`."""
    if isinstance(node, ast.JoinedStr):
        return [p.value if isinstance(p, ast.FormattedValue) else as_text(p) for p in node.values]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*segments(node.left), *segments(node.right)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        given = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        keyed = [] if isinstance(node.right, ast.Tuple) else [node.right]
        return _filled(node, re.split(r"%(?:\((\w+)\))?[sdi]", as_text(node.left)), given, {}, keyed)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        named = {k.arg: k.value for k in node.keywords if k.arg}
        spread = [k.value for k in node.keywords if not k.arg]
        return _filled(node, re.split(r"\{(\w*)\}", as_text(node.func.value)), node.args, named, spread)
    return [as_text(node) or node]


def _filled(
    node: ast.expr, parts: list[str], given: list[ast.expr], named: dict[str, ast.expr], spread: list[ast.expr]
) -> list[str | ast.expr]:
    """Texts and, between them, what fills each place: by its rank, by its name, or as an entry of a dictionary."""
    found: list[str | ast.expr] = []
    for rank, part in enumerate(parts):
        if rank % 2 == 0:
            found.append(part)
        elif not part or part.isdigit():
            place = int(part) if part else rank // 2
            found.append(given[place] if place < len(given) else node)
        else:
            found.append(named.get(part) or (entry_of(spread[0], part) if spread else node))
    return found


def entry_of(holder: ast.expr, key: str | int) -> ast.expr:
    """An entry of what an expression holds, as if it were written there."""
    entry = ast.Subscript(holder, ast.Constant(key), ast.Load())
    return ast.fix_missing_locations(ast.copy_location(entry, holder))


def _is_text(part: str | ast.expr) -> bool:
    return isinstance(part, str) and bool(part)


def followed(scope: Scope, node: ast.expr) -> str:
    """The text that an expression stands for, wherever it is written, for want of another value; empty when it is not known."""
    for other, one in (*_written(scope, node), (scope, node)):
        value, variable = unwrap(other.held(one))
        if value is UNKNOWN and variable in scope.machine.variables:
            texts = [text for given in scope.machine.variables[variable].values() for text in given]
            value = texts[0] if texts else UNKNOWN
        if isinstance(value, bytes):
            value = value.decode() if value.isascii() and value.decode().isprintable() else value.hex()
        if isinstance(value, str):
            return _SCHEME.sub("", value)
    return ""


def _written(scope: Scope, node: ast.expr) -> Iterator[tuple[Scope, ast.expr]]:
    """The default of a parameter, and what the class or its methods give to an attribute of the object itself."""
    if isinstance(node, ast.Name) and (default := defaults_of(scope.spec).get(node.id)) is not None:
        yield scope, default
    own = isinstance(node, ast.Attribute) and last(node.value) in {"self", "cls"}
    if own and isinstance(node, ast.Attribute) and isinstance(cls := owner(scope), ClassValue):
        held = class_attribute(cls, "__init__")
        made = function_scope(scope.machine, held) if isinstance(held, FunctionValue) else None
        for assign in made.all(ast.Assign) if made else ():
            if made and any(isinstance(t, ast.Attribute) and t.attr == node.attr for t in assign.targets):
                yield from _written(made, assign.value)
                yield made, assign.value
        name = ast.Name(cls.symbol.rpartition(":")[2], ast.Load())
        yield scope, ast.fix_missing_locations(ast.copy_location(ast.Attribute(name, node.attr, ast.Load()), node))


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
    if last(call.func) == "getattr" and len(call.args) > 2 and _VARIABLE.fullmatch(as_text(call.args[1])):
        return as_text(call.args[1]), call.args[2]
    name = as_text(call.args[0]) if call.args else ""
    default = keyword(call, "default") or (call.args[1] if len(call.args) > 1 else None)
    known = last(call.func) in _READERS and (len(call.args) == 2 or keyword(call, "default") is not None)
    if default is None or not name or not (known or _VARIABLE.fullmatch(name) or _OPTION.match(name)):
        return None
    return name.lstrip("-"), default
