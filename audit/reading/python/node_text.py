"""Extracts the source text of a syntax node."""

import ast

from audit.reading.source_files import Source


def segment(source: Source, node: ast.expr) -> str:
    """Text of an expression exactly as written. Columns of syntax trees count UTF-8 bytes."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    start, end = node.col_offset, node.end_col_offset or 0
    if first == last:
        return _bytes_between(source.lines[first], start, end)
    middle = source.lines[first + 1 : last]
    head, tail = _bytes_between(source.lines[first], start, None), _bytes_between(source.lines[last], 0, end)
    return "\n".join([head, *middle, tail])


def _bytes_between(line: str, start: int, end: int | None) -> str:
    if line.isascii():
        return line[start:end]
    return line.encode()[start:end].decode("utf-8", "replace")
