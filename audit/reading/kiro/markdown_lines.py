"""The lines of a Markdown file that say something, and where each stands; code blocks and HTML say nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

# Lists within lists; a plan has two or three.
_NESTING = 100


@dataclass(frozen=True)
class Line:
    """One line of prose, counted from 1. `heading` is its level, 0 for none.

    `item` is True for the first line of a list's item, `ordinal` its number in an ordered list (None otherwise), `depth` how many lists hold the
    line, `whole` the paragraph it begins, on one line; empty for the lines that follow.
    """

    number: int
    text: str
    heading: int = 0
    item: bool = False
    ordinal: int | None = None
    depth: int = 0
    whole: str = ""


def read_lines(text: str) -> Iterator[Line]:
    """Every line of every heading and paragraph, in order."""
    from markdown_it import MarkdownIt  # noqa: PLC0415  most targets have no spec to read

    # An item that somebody indented too far is no code, and `[8.1]: …` no link.
    parser = MarkdownIt("commonmark", {"maxNesting": _NESTING}).disable(["inline", "code", "reference"])
    depth, heading, ordinal, item = 0, 0, None, False
    for token in parser.parse(text):
        if token.type.endswith("_list_open"):
            depth += 1
        elif token.type.endswith("_list_close"):
            depth -= 1
        elif token.type == "list_item_open":
            item, ordinal = True, int(token.info) if token.info else None
        elif token.type == "heading_open":
            heading = int(token.tag[1:])
        elif token.type == "inline" and token.map:
            whole = " ".join(token.content.split())
            for offset, content in enumerate(token.content.splitlines()):
                yield Line(token.map[0] + 1 + offset, content.strip(), heading, item, ordinal, depth, whole)
                item, ordinal, whole = False, None, ""
            heading, item, ordinal = 0, False, None
