"""Evaluates operators on plain values, within bounds of memory and time."""

import ast
import operator
import re
from collections.abc import Callable
from datetime import timedelta
from itertools import takewhile
from typing import Any

from audit.model.unknown import UNKNOWN, Unknown
from audit.reading.python.abstract_values import External, Instance, Method, Overridable, Plain, Value, unwrap

_ADDRESS = re.compile(r"[a-z][a-z0-9]*(?:\+[a-z0-9]+)*(?:://|\+$)")
_MAX_BITS = 4_096
_MAX_LENGTH = 10_000
# What `%` would write in a width of its own, or by another conversion.
_WIDE = re.compile(r"%(?![sdi%])")
_NUMBERS = (bool, int, float)
# Each looks at the types it is given first, or is one of Python's own that is only called behind one that did.
_Operator = Callable[..., Any]
_Binary = Callable[[Value, Value], Value]


def _size(value: Value) -> int:
    return value.bit_length() if isinstance(value, int) else 64


def _numbers(function: _Operator) -> _Binary:
    """The operator where both sides are numbers or durations; UNKNOWN for other types and for errors."""

    def apply(left: Value, right: Value) -> Value:
        if not isinstance(left, (*_NUMBERS, timedelta)) or not isinstance(right, (*_NUMBERS, timedelta)):
            return UNKNOWN
        return _guarded(function, left, right)

    return apply


def _guarded(function: _Operator, left: Value, right: Value) -> Value:
    try:
        result: Plain = function(left, right)
    except (ArithmeticError, TypeError, ValueError):
        return UNKNOWN
    return UNKNOWN if isinstance(result, complex) or _size(result) > _MAX_BITS else result


def _add(left: Value, right: Value) -> Value:
    for kind in (str, list, tuple, bytes):
        if isinstance(left, kind) and isinstance(right, kind):
            return left + right if len(left) + len(right) <= _MAX_LENGTH else UNKNOWN  # type: ignore[operator]
    return _numbers(operator.add)(left, right)


def _mul(left: Value, right: Value) -> Value:
    for sequence, count in ((left, right), (right, left)):
        if isinstance(sequence, str | list | tuple | bytes) and isinstance(count, int):
            return sequence * count if len(sequence) * max(count, 0) <= _MAX_LENGTH else UNKNOWN
    return _numbers(operator.mul)(left, right)


def _mod(left: Value, right: Value) -> Value:
    """The rest of a division, or a text that plain values fill: what a variable may replace is left to no text."""
    if not isinstance(left, str):
        return _numbers(operator.mod)(left, right)
    given = right if isinstance(right, tuple) else (right,)
    short = all(isinstance(one, str | int) and len(str(one)[:_MAX_BITS]) < _MAX_BITS for one in given)
    if not short or len(left) > _MAX_BITS or _WIDE.search(left):
        return UNKNOWN
    try:
        return left % right
    except (TypeError, ValueError):
        return UNKNOWN


def _pow(left: Value, right: Value) -> Value:
    if isinstance(left, int) and isinstance(right, int) and (right < 0 or _size(left) * right > _MAX_BITS):
        return _numbers(operator.pow)(float(left), right) if right < 0 and _size(left) < 512 else UNKNOWN
    return _numbers(operator.pow)(left, right)


def _shift(left: Value, right: Value) -> Value:
    if not isinstance(left, int) or not isinstance(right, int) or not 0 <= right <= _MAX_BITS:
        return UNKNOWN
    return _guarded(operator.lshift, left, right)


def _bits(function: _Operator) -> _Binary:
    def apply(left: Value, right: Value) -> Value:
        kinds = (int, set, frozenset)
        return _guarded(function, left, right) if isinstance(left, kinds) and isinstance(right, kinds) else UNKNOWN

    return apply


BINARY: dict[type[ast.operator], _Binary] = {
    ast.Add: _add,
    ast.Sub: _numbers(operator.sub),
    ast.Mult: _mul,
    ast.Div: _numbers(operator.truediv),
    ast.FloorDiv: _numbers(operator.floordiv),
    ast.Mod: _mod,
    ast.Pow: _pow,
    ast.LShift: _shift,
    ast.RShift: _bits(operator.rshift),
    ast.BitOr: _bits(operator.or_),
    ast.BitAnd: _bits(operator.and_),
    ast.BitXor: _bits(operator.xor),
}


def _negate(value: Value) -> Value:
    return -value if isinstance(value, (*_NUMBERS, timedelta)) else UNKNOWN


def _plus(value: Value) -> Value:
    return +value if isinstance(value, (*_NUMBERS, timedelta)) else UNKNOWN


def _invert(value: Value) -> Value:
    return ~int(value) if isinstance(value, int) else UNKNOWN


def _not(value: Value) -> Value:
    plain = value is None or isinstance(value, str | bytes | bool | int | float | list | tuple | dict | set | frozenset)
    return not value if plain else UNKNOWN


UNARY: dict[type[ast.unaryop], Callable[[Value], Value]] = {
    ast.USub: _negate,
    ast.UAdd: _plus,
    ast.Invert: _invert,
    ast.Not: _not,
}

_SCALARS = (str, bytes, bool, int, float, timedelta, type(None))
_COMPARISONS: dict[type[ast.cmpop], _Operator] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


def compare(symbol: ast.cmpop, left: Plain, right: Plain) -> bool | Unknown:
    """`left <symbol> right` on plain values; UNKNOWN for anything else."""
    if isinstance(symbol, ast.Is | ast.IsNot):
        other = right if left is None else left
        if (left is None or right is None) and not (isinstance(other, Instance) and isinstance(other.cls, External)):
            return (left is right) == isinstance(symbol, ast.Is)
        return UNKNOWN
    if not _is_flat(left) or not _is_flat(right):
        return UNKNOWN
    try:
        return bool(_COMPARISONS[type(symbol)](left, right))
    except TypeError:
        return UNKNOWN


def _is_flat(value: Value) -> bool:
    """Plain, without containers in containers: comparing those could take for ever."""
    if isinstance(value, list | tuple | dict | set | frozenset):
        return all(isinstance(item, _SCALARS) for item in value)
    return isinstance(value, _SCALARS)


def is_plain(value: Value) -> bool:
    """Whether a value is Python's own: its truth is known."""
    return value is None or isinstance(value, str | bytes | bool | int | float | list | tuple | dict | set | frozenset)


def beginning(value: Value, *pieces: Value) -> Value:
    """A text that is not known whole, with what is known of the address that its first pieces make: `redis://` of `f"redis://{host}/0"`."""
    known, variable = unwrap(value)
    if known is not UNKNOWN:
        return value
    first = pieces[0].starts if pieces and isinstance(pieces[0], Overridable) else ""
    text = first or "".join(takewhile(lambda piece: isinstance(piece, str), pieces))  # type: ignore[arg-type]
    return Overridable(UNKNOWN, variable, starts=text) if _ADDRESS.match(text) else value


def plain_attribute(value: Plain, name: str) -> Value:
    """An attribute of a plain value."""
    if isinstance(value, timedelta) and name in {"days", "seconds", "microseconds"}:
        found: Value = getattr(value, name)
        return found
    # No text, number, duration, tuple or list has a `value`: it is a member of an `Enum`, read as what it is worth.
    return (
        value
        if name == "value" and isinstance(value, str | int | float | timedelta | tuple | list)
        else Method(value, name)
    )
