"""French typography of what a reader sees: no-break spaces, dates, durations. The no-break space is U+00A0 everywhere."""

import re
from datetime import UTC, date, datetime
from itertools import pairwise

NO_BREAK_SPACE = "\u00a0"
_SHORTEST_LENGTH = 60.0

_LINE = re.compile(r"\r\n?|\n")
_CELL_BORDER = re.compile(r"((?<!\\)\|)")

# Alternatives in order: what is left as it is (group `kept`), then the spaces that become no-break ones.
_INLINE = re.compile(
    r"""
    (?P<kept>
        (?m:^)[ \t]*(?:(?:>|[-+*]|\d{1,9}[.)]|\#{1,6})(?:[ \t\u00a0\u202f]+|$))+  # quote, list and heading markers
      | (?m:^)[ ]{0,3}\[[^\]\n]+\]:[ \t]*\S+[ \t]*(?:["'(][^\n]*)?(?m:$)  # link reference definition
      | \\[!-/:-@\[-`{-~]
      | (?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)
      | `+
      | <!--.*?-->
      | <(?P<raw>pre|code|script|style)\b[^<>]*>.*?</(?P=raw)\s*>
      | </?[A-Za-z][-\w]*(?:\s+[^\s"'<>/=]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?)*\s*/?>
      | \]\((?:<[^<>\n]*>|[^\s()<>]*)(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)  # destination and title of a link
      | (?:[A-Za-z][A-Za-z0-9+.-]*://|www\.|mailto:)[^\s<>`|)]+(?:[ ]+(?=[:;!?%»]))?  # a bare link would swallow U+00A0
    )
    | (?<=[^\s|])[ \u00a0\u202f]+(?=»)
    | (?<=[^\s|])[ \u00a0\u202f]+(?=[:;!?%]+(?!\[)(?:[^\w\-/=:;!?%]|_|$))
    | (?<=«)[ \u00a0\u202f]+(?=\S)
    | (?<=[0-9])[ \u00a0\u202f]+(?=(?:ms|s|min|h|[kKMG]i?o)(?![\w'’\-]))  # a number and its unit
    | (?<=\bn°)[ \u00a0\u202f]+(?=[0-9])
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


def french(text: str) -> str:
    """Put U+00A0 before `: ; ! ? % »`, after `«`, and between a number and its unit wherever this Markdown's prose has a space.

    Code spans, code blocks, links, HTML tags, block markers and table separators stay as they are. Idempotent.
    """
    lines = _lines(text)
    pieces, done = [], 0
    for first, last, is_row in _prose(text):
        block = "".join(lines[first:last])
        # Code spans do not cross the border of a cell.
        parts = _CELL_BORDER.split(block) if is_row else [block]
        pieces += lines[done:first] + [_INLINE.sub(_replacement, part) for part in parts]
        done = last
    return "".join([*pieces, *lines[done:]])


def french_date(day: date) -> str:
    """A day in full, as `29 décembre 2025`."""
    from babel.dates import format_date  # noqa: PLC0415  a date is wanted once an audit, at its end

    text = str(format_date(day, format="d MMMM y", locale="fr"))
    return f"1er{text[1:]}" if day.day == 1 else text


def french_moment(moment: datetime) -> str:
    """A moment in UTC, as `29 décembre 2025 à 13 h 29 UTC`."""
    utc = moment.astimezone(UTC)
    return f"{french_date(utc.date())} à {utc.hour} h {utc.minute:02d} UTC"


def french_seconds(seconds: float) -> str:
    """A duration in seconds to the hundredth, as `2,63 s`, or to the second when it is whole, as `10 s`."""
    return _quantity(seconds, "second", "#,##0" if float(seconds).is_integer() else "#,##0.00")


def french_length(seconds: float) -> str:
    """How long something lasted, as `35 min 18 s` from one minute on; below, in seconds to the hundredth."""
    if seconds < _SHORTEST_LENGTH:
        return french_seconds(seconds)
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (left, "s"))
    return " ".join(f"{value}{NO_BREAK_SPACE}{unit}" for value, unit in parts if value)


def french_percent(share: float) -> str:
    """A share of one as a percentage to the tenth, as `94,2 %`."""
    return f"{share * 100:.1f}".replace(".", ",") + f"{NO_BREAK_SPACE}%"


def french_integer(number: int) -> str:
    """A whole number by thousands, as `100 000`."""
    return f"{number:,}".replace(",", NO_BREAK_SPACE)


def counted(count: int, words: str) -> str:
    """A number and what it counts, as `1 envoi` or `2 envois acceptés`: every word takes an s from two on."""
    plural = " ".join(f"{word}s" for word in words.split()) if count > 1 else words
    return f"{french_integer(count)}{NO_BREAK_SPACE}{plural}"


def french_duration(seconds: float) -> str:
    """A period in its largest exact unit up to the hour, as `5 min`, `2 h` or `90 s`."""
    for unit, size in (("hour", 3600), ("minute", 60)):
        if seconds and not seconds % size:
            return _quantity(seconds // size, unit, "#,##0")
    return french_seconds(seconds)


def _quantity(value: float, unit: str, pattern: str) -> str:
    from babel.units import format_unit  # noqa: PLC0415  as above

    text = str(format_unit(value, unit, length="short", format=pattern, locale="fr"))
    return text.replace("\u202f", NO_BREAK_SPACE)


def _lines(text: str) -> list[str]:
    """Lines with their ends, cut where CommonMark cuts them."""
    ends = [0, *(match.end() for match in _LINE.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(ends) if start < end]


def _prose(text: str) -> list[tuple[int, int, bool]]:
    """First line and end of each block of prose, counted from 0, and whether it is the row of a table; in order."""
    found, is_cell = set(), False
    from markdown_it import MarkdownIt  # noqa: PLC0415  experiments and rules want the words of this module, not the parser

    for token in MarkdownIt("commonmark").enable("table").disable("inline").parse(text):
        if token.map and token.type in {"inline", "html_block"}:
            found.add((token.map[0], token.map[1], is_cell))
        is_cell = token.type in {"th_open", "td_open"}
    return sorted(found)


def _replacement(match: re.Match[str]) -> str:
    return match["kept"] if match["kept"] is not None else NO_BREAK_SPACE
