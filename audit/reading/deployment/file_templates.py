"""Process files that are templates: read as the file that they make, a placeholder being a variable that nothing gives."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from audit.model.word_tables import word_set
from audit.reading.source_files import Source

_SUFFIX = re.compile(r"[.-](tmpl|tpl|j2|jinja2?|template|erb|mustache|gotmpl|tt|in|dist)$", re.IGNORECASE)
_MARKS = re.compile(r"\{[{%#]|<%")
_COMMENT = re.compile(r"\{#.*?#\}|<%#.*?%>|\{\{-?\s*/\*.*?\*/\s*-?\}\}", re.DOTALL)
# What Go and Jinja decide or include with; Go writes it between the marks of a value.
_WORD = re.compile(
    r"\{%[-+]?\s*(\w+)[^%]*?[-+]?%\}|\{\{-?\s*(if|else|end|range|with|define|block|template|include)\b[^{}]*\}\}"
)
_VALUE = re.compile(r"(\$?)\{\{-?\s*(.*?)\s*-?\}\}|<%=?-?\s*(.*?)\s*-?%>")
_OPENS = frozenset({"if", "for", "range", "with", "block", "define", "filter", "macro", "call", "autoescape", "raw"})
_CLOSES = word_set("end endif endfor endwith endblock endfilter endmacro endcall endautoescape endraw")
_REPEATS = frozenset({"for", "range"})


@dataclass(frozen=True)
class Template:
    """The file that it makes, line by line. `repeated`, `chosen`: lines of the blocks that a loop, or a condition, holds; `dropped`: a condition that is known to be false."""

    source: Source
    repeated: frozenset[int] = frozenset()
    chosen: frozenset[int] = frozenset()
    dropped: frozenset[int] = frozenset()


def plain_name(path: str) -> str:
    """The path of the file that a template makes: `compose.yml` for `compose.yml.j2`."""
    return _SUFFIX.sub("", path)


def read_template(source: Source, value_of: Callable[[str], str | None] = lambda _: None) -> Template:
    """A file without its placeholders, those that `value_of` knows being what they stand for; any other file as it is."""
    path = plain_name(source.path)
    if path == source.path and (not _MARKS.search(source.text) or path.endswith((".sh", ".bash"))):
        return Template(source)
    text = _COMMENT.sub(lambda m: "\n" * m.group().count("\n"), source.text)
    blocks = list(_blocks(text))
    lines = {
        kind: frozenset(n for k, first, last in blocks if (k in _REPEATS) == kind for n in range(first, last + 1))
        for kind in (True, False)
    }
    filled = "\n".join(_filled(line, value_of) for line in text.split("\n"))
    dropped = frozenset(
        n for _, first, last in blocks if _is_false(text, first, value_of) for n in range(first, last + 1)
    )
    return Template(Source(path, filled), lines[True], lines[False], dropped)


def _is_false(text: str, first: int, value_of: Callable[[str], str | None]) -> bool:
    """Whether the block that begins at a line is of an `if` on one value, which is false."""
    opened = re.search(r"\bif\s+([\w.$]+)\s*-?[}%]", text.split("\n")[first - 2]) if first > 1 else None
    told = value_of(opened[1].lstrip("$")) if opened else None
    return told is not None and told.lower() in {"false", "no", "0", ""}


def _blocks(text: str) -> Iterator[tuple[str, int, int]]:
    """Blocks over several lines, with the first and last of them, the marks set aside."""
    opened: list[tuple[str, int]] = []
    for number, line in enumerate(text.split("\n"), 1):
        for found in _WORD.finditer(line):
            word = found[1] or found[2]
            if word in _OPENS:
                opened.append((word, number))
            elif word in _CLOSES and opened:
                kind, first = opened.pop()
                if number > first + 1:
                    yield kind, first + 1, number - 1


def _filled(line: str, value_of: Callable[[str], str | None]) -> str:
    """A line of the file that is made. A choice within it, or a loop, is one word that is not known."""
    words = [(m, m[1] or m[2]) for m in _WORD.finditer(line)]
    if len(words) > 1 and words[0][1] in _OPENS and words[-1][1] in _CLOSES:
        start, end = words[0][0].start(), words[-1][0].end()
        whole = not line[:start].strip() and not line[end:].strip()
        # A setting of its own, written or not.
        inner = _WORD.sub("", line) if whole else f"{line[:start]}${{choice}}{line[end:]}"
        return _values(inner, value_of)
    return _values(_WORD.sub("", line), value_of)


def _values(line: str, value_of: Callable[[str], str | None]) -> str:
    if re.fullmatch(r"\s*(\{\{.*\}\}|<%.*%>)\s*", line) and len(_VALUE.findall(line)) == 1:
        # It makes lines of its own.
        return ""

    def stands_for(found: re.Match[str]) -> str:
        told = value_of(found[2]) if found[2] else None
        return f"${{{_name(found[2] or found[3] or '')}}}" if told is None or "\n" in told else told

    return _VALUE.sub(stands_for, line)


def _name(expression: str) -> str:
    name = re.sub(r"\W+", "_", expression.partition("|")[0]).strip("_")[:40]
    return name if name and not name[0].isdigit() else f"value_{name}"
