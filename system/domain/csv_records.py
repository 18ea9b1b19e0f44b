"""CSV as spreadsheets and people write it: any usual encoding and delimiter, one record at a time, nothing skipped."""

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

CHUNK_BYTES = 65_536
LONGEST_LINE = 65_536
# A quoted field may hold line ends; beyond so many lines, a quote was left open.
MOST_LINES = 10
DELIMITERS = ";,\t|"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Record:
    """One record: the number of its first line (from 1), its text, and its fields, None when the quotes are wrong."""

    line: int
    raw: str
    fields: tuple[str, ...] | None


def read_records(
    stream: BinaryIO, delimiter: str, *, lines: Iterator[tuple[int, str]] | None = None
) -> Iterator[Record]:
    """The records of the rest of the stream; blank lines are none."""
    waiting: deque[tuple[int, str]] = deque()
    source = lines if lines is not None else numbered_lines(stream)
    while (first := _next(waiting, source)) is not None:
        number, text = first
        if not text.strip():
            continue
        taken = [first]
        fields = _fields(text, delimiter)
        while fields == "open" and len(taken) < MOST_LINES and (following := _next(waiting, source)) is not None:
            taken.append(following)
            fields = _fields("".join(line for _, line in taken), delimiter)
        if isinstance(fields, tuple):
            yield Record(number, "".join(line for _, line in taken).rstrip("\r\n"), fields)
        else:
            # The lines behind it are read again, each for itself.
            waiting.extendleft(reversed(taken[1:]))
            yield Record(number, text.rstrip("\r\n"), None)


def _next(waiting: deque[tuple[int, str]], source: Iterator[tuple[int, str]]) -> tuple[int, str] | None:
    return waiting.popleft() if waiting else next(source, None)


def _fields(text: str, delimiter: str) -> "tuple[str, ...] | str":
    """The fields of one whole record; `open` when a quote is not closed, `wrong` when it is misplaced."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "open" if "unexpected end of data" in str(error) else "wrong"
    return tuple(field.strip() for field in rows[0]) if len(rows) == 1 else "wrong"


def delimiter_of(header: str) -> str:
    """The delimiter that a header line uses most; a comma when it has one column."""
    counts = {delimiter: header.count(delimiter) for delimiter in DELIMITERS}
    best = max(counts, key=lambda delimiter: counts[delimiter])
    return best if counts[best] else ","


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines with their ends, from number 1: UTF-16 by its mark, else UTF-8, else Windows-1252, line by line.

    A line longer than 65 536 bytes is cut there.
    """
    for number, line in enumerate(_byte_lines(_as_bytes(stream)), start=1):
        yield number, _decoded(line.removeprefix(codecs.BOM_UTF8) if number == 1 else line)


def _as_bytes(stream: BinaryIO) -> Iterator[bytes]:
    first = stream.read(CHUNK_BYTES)
    decoder = codecs.getincrementaldecoder("utf-16")("replace") if first.startswith(_UTF_16) else None
    chunk = first
    while chunk:
        yield chunk if decoder is None else decoder.decode(chunk).encode(errors="replace")
        chunk = stream.read(CHUNK_BYTES)


def _byte_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    line, end = bytearray(), b""
    for chunk in chunks:
        # Old spreadsheets end lines with a carriage return alone.
        end = end or (b"\r" if b"\r" in chunk and b"\n" not in chunk else b"\n")
        *whole, rest = chunk.split(end)
        for part in whole:
            line += part[: LONGEST_LINE - len(line)]
            yield bytes(line) + b"\n"
            line.clear()
        line += rest[: LONGEST_LINE - len(line)]
    if line:
        yield bytes(line)


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")
