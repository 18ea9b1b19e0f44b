"""The body of a webhook as values that PostgreSQL can store: strict about JSON, lenient about what JSON holds."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

MOST_DEPTH = 40
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# `jsonb` refuses a null character, and half of a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# The closing quote is optional: looked for again from every quote, a missing one would cost quadratic time.
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{},]', re.DOTALL)


class PayloadError(ValueError):
    """The body is not a payload of Wassenger's."""


def parse_body(body: bytes) -> object:
    """The value that the body holds, numbers that no database knows made null or text.

    Where an element of the outer array is nested too deeply for the parser, it is None in the result.

    Raises:
        PayloadError: when it is not JSON in UTF-8.

    """
    try:
        text = body.decode("utf-8-sig")
        return _parsed(text)
    except RecursionError:
        return [_shallow(element) for element in _elements(text)]
    except ValueError as error:
        raise PayloadError("the body is not JSON in UTF-8") from error


def harmless(body: bytes) -> bool:
    """Whether what this JSON holds is surely storable as it is: it escapes no character, and is not deep."""
    return b"\\u" not in body and body.count(b"{") + body.count(b"[") <= MOST_DEPTH


def storable(value: object, depth: int = MOST_DEPTH) -> Any:
    """The same value without the characters that PostgreSQL refuses.

    Raises:
        PayloadError: when it is nested deeper than `depth`.

    """
    if isinstance(value, str):
        return _UNSTORABLE.sub(REPLACEMENT, value)
    if not isinstance(value, list | dict):
        return value
    if depth == 0:
        raise PayloadError("nested too deeply")
    if isinstance(value, list):
        return [storable(item, depth - 1) for item in value]
    return {storable(key): storable(item, depth - 1) for key, item in value.items()}


def _parsed(text: str) -> object:
    return json.loads(text, parse_int=_integer, parse_float=_real, parse_constant=lambda _name: None)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= 40 else digits


def _real(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _shallow(element: str) -> object:
    try:
        return _parsed(element)
    except RecursionError:
        return None
    except ValueError as error:
        raise PayloadError("the body is not JSON in UTF-8") from error


def _elements(text: str) -> Iterator[str]:
    """The texts between the commas of the outermost array; anything that is not an array has none."""
    stripped = text.strip()
    if not (stripped.startswith("[") and stripped.endswith("]")):
        raise PayloadError("nested too deeply")
    depth, start = 0, 1
    for found in _STRUCTURE.finditer(stripped):
        mark = found.group()
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
        if (depth == 1 and mark == ",") or depth == 0:
            yield stripped[start : found.start()]
            start = found.end()
        if depth == 0:
            break
    if start != len(stripped):
        raise PayloadError("the body is not JSON in UTF-8")
