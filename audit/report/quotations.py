"""The lines of a problem that a report quotes: those at fault with two around them, and never a whole function."""

from collections.abc import Iterator, Mapping
from typing import Any

Record = Mapping[str, Any]
_AROUND, _MOST = 2, 2
_WHOLE = 2 * _AROUND + 1


def quotations(problem: Record) -> tuple[Record, ...]:
    """The first excerpt of each of the first files, cut to the lines around its first fault; the others are only named."""
    first_of = {excerpt["path"]: excerpt for excerpt in reversed(problem["situation"])}
    most = 1 if problem["severity"] == "mineur" else _MOST
    return tuple(_cut(first_of[path], problem["places"]) for path in list(reversed(first_of))[:most])


def _cut(excerpt: Record, places: list[str]) -> Record:
    first, last = excerpt["first_line"], excerpt["last_line"]
    if last - first < _WHOLE:
        return excerpt
    fault = min(_faults(excerpt, places), default=first)
    low, high = max(first, fault - _AROUND), min(last, fault + _AROUND)
    lines = excerpt["text"].split("\n")[low - first : high - first + 1]
    return {**excerpt, "first_line": low, "last_line": high, "text": "\n".join(lines)}


def _faults(excerpt: Record, places: list[str]) -> Iterator[int]:
    for place in places:
        path, _, line = place.rpartition(":")
        if path == excerpt["path"] and line.isdigit() and excerpt["first_line"] <= int(line) <= excerpt["last_line"]:
            yield int(line)
