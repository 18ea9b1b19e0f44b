"""From text nobody vouches for to Markdown that stays text: nothing in it becomes HTML, a link, a heading or a fence."""

import re

_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_LIVE = re.compile(r"[\\<\[\]*~|`]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_LEADING_NUMBER = re.compile(r"\d{1,9}(?=[.)])")
# Right-to-left and zero-width tricks make a line read as something it does not say.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


class Markdown(str):
    """Markdown that needs no escaping any more."""

    __slots__ = ()


def visible(text: str) -> str:
    """Replace characters that no one can see, or that would reorder the line, by their code point in hexadecimal."""
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """The text on a single line, single-spaced; a space at either end stays."""
    return visible(re.sub(r"[^\S\u00a0\u202f]+", " ", text))


def prose(value: object) -> Markdown:
    """A sentence in which only code spans are live. What is already Markdown stays as it is."""
    return value if isinstance(value, Markdown) else _sentence(str(value), in_table=False)


def cell(value: object) -> Markdown:
    """A sentence for a table: a pipe is escaped even inside a code span, where GFM wants it too."""
    return _sentence(str(value), in_table=True)


def paragraph(value: object) -> Markdown:
    """A sentence that may begin a line: it starts neither a heading, a quotation nor a list."""
    text = prose(value).strip()
    if text[:1] in {"#", ">", "+", "=", "-"}:
        return Markdown("\\" + text)
    number = _LEADING_NUMBER.match(text)
    return Markdown(f"{number.group()}\\{text[number.end() :]}" if number else text)


def _sentence(value: str, *, in_table: bool) -> Markdown:
    text, pieces, end = one_line(value), [], 0
    for span in _CODE_SPAN.finditer(text):
        pieces += [_neutral(text[end : span.start()]), _code_in_table(span.group()) if in_table else span.group()]
        end = span.end()
    return Markdown("".join([*pieces, _neutral(text[end:])]))


def _neutral(text: str) -> str:
    entities = {"<": "&lt;", "&": "&amp;"}
    return _LIVE.sub(lambda match: entities.get(match.group(), "\\" + match.group()), text)


def _code_in_table(span: str) -> str:
    """A code span whose pipes do not end the cell; it becomes plain text where no escape would be read by all."""
    return _neutral(span) if "\\|" in span else span.replace("|", "\\|")


def code(value: object) -> Markdown:
    """A code span that holds any text, backticks included; empty text gives nothing."""
    text = one_line(str(value)).strip()
    if not text:
        return Markdown("")
    ticks = "`" * (_longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return Markdown(f"{ticks}{pad}{text}{pad}{ticks}")


def code_cell(value: object) -> Markdown:
    """A code span for a table."""
    return Markdown(_code_in_table(code(value)))


def fence(text: str, language: str = "") -> Markdown:
    """A fenced block around verbatim text, with a fence longer than any run of backticks in it."""
    ticks = "`" * max(3, _longest_run(text) + 1)
    info = language if re.fullmatch(r"[\w+#.-]+", language) else ""
    return Markdown(f"{ticks}{info}\n{visible(text).rstrip(chr(10))}\n{ticks}")


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
