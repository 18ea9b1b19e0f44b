"""Nothing of a file is skipped, whatever wrote it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.domain.csv_records import CHUNK_BYTES, LONGEST_LINE, delimiter_of, read_records


def records(content: bytes, delimiter: str = ",") -> list[tuple[int, str, tuple[str, ...] | None]]:
    return [(r.line, r.raw, r.fields) for r in read_records(io.BytesIO(content), delimiter)]


@pytest.mark.parametrize(
    "content",
    [
        "é,b\nc,d\n".encode(),
        "é,b\nc,d".encode("utf-8-sig"),
        "é,b\r\nc,d\r\n".encode("cp1252"),
        "é,b\rc,d\r".encode(),
        "é,b\nc,d\n".encode("utf-16"),
        "é,b\n\n   \nc,d\n\n".replace("\n\n   \n", "\n").encode("utf-16-be").join([b"\xfe\xff", b""]),
    ],
)
def test_every_usual_encoding_is_read(content: bytes) -> None:
    assert [fields for _, _, fields in records(content)] == [("é", "b"), ("c", "d")]


def test_a_quoted_line_end_is_a_part_of_its_field() -> None:
    assert records(b'a,"b\nc"\nd,e\n') == [(1, 'a,"b\nc"', ("a", "b\nc")), (3, "d,e", ("d", "e"))]


@pytest.mark.parametrize("separator", ["\u2028", "\u0085", "\f"])
def test_only_line_ends_end_a_line(separator: str) -> None:
    assert records(f"a{separator}b,c\n".encode()) == [(1, f"a{separator}b,c", (f"a{separator}b", "c"))]


def test_an_open_quote_costs_one_line() -> None:
    lines = [b'a,"b'] + [b"c,d"] * 30
    found = records(b"\n".join(lines))
    assert found[0] == (1, 'a,"b', None)
    assert found[1:] == [(number, "c,d", ("c", "d")) for number in range(2, 32)]


@pytest.mark.parametrize("line", [b'a,"b"c', b'"a" b,c'])
def test_a_misplaced_quote_is_not_guessed_at(line: bytes) -> None:
    assert records(line + b"\nc,d\n") == [(1, line.decode(), None), (2, "c,d", ("c", "d"))]


def test_a_line_without_end_is_cut_and_the_next_is_read() -> None:
    content = b"a" * (3 * CHUNK_BYTES) + b"\nb,c\n"
    first, second = records(content)
    assert len(first[1]) == LONGEST_LINE
    assert second == (2, "b,c", ("b", "c"))


@pytest.mark.parametrize(
    ("header", "delimiter"), [("a;b,c;d", ";"), ("a,b", ","), ("a\tb", "\t"), ("a|b|c,d", "|"), ("phone", ",")]
)
def test_the_header_tells_the_delimiter(header: str, delimiter: str) -> None:
    assert delimiter_of(header) == delimiter


FIELD = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=6).map(str.strip)
ROWS = st.lists(st.lists(FIELD, min_size=2, max_size=4), max_size=8)


@given(ROWS, st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_a_writer_wrote_is_read_again(rows: list[list[str]], delimiter: str, encoding: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    assert [fields for _, _, fields in records(text.getvalue().encode(encoding), delimiter)] == [
        tuple(row) for row in rows if delimiter.join(row).strip()
    ]


@given(st.lists(st.binary(max_size=20).filter(lambda line: not set(line) & set(b"\r\n")), max_size=12))
def test_no_line_is_lost(lines: list[bytes]) -> None:
    content = b"x\n" + b"\n".join(lines)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return
    found = records(content)
    covered = sum(raw.count("\n") + 1 for _, raw, _ in found)
    assert covered == 1 + sum(bool(_text(line).strip()) for line in lines) + _blank_inside(found)


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


def _blank_inside(found: list[tuple[int, str, tuple[str, ...] | None]]) -> int:
    return sum(not part.strip() for _, raw, _ in found for part in raw.split("\n") if "\n" in raw)
