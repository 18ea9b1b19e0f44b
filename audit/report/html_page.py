"""A checkpoint as one self-contained page: nothing is fetched, it prints on A4, and it follows the reader's light or dark."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.token import Token

from audit.report.markdown import render_markdown
from audit.report.page_items import Marks, mark_tables
from audit.report.strike_section import draw_run, drawing_name

# Signs that text fonts draw: those of the Markdown are empty boxes where no font has colours.
_SIGNS = {
    "✅": "✔",
    "❌": "✘",
    "❔": "?",
    "⚠️": "⚠",
    "➖": "–",
    "➡️": "→",
    "⏳": "…",
}
_FOLDED = ("2", "6", "7")


def render_html(journal: Mapping[str, Any]) -> str:
    """The whole page. What a target wrote is text: the Markdown it comes from is escaped, and raw HTML is off."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens, marks = parser.parse(render_markdown(journal)), Marks(journal)
    mark_tables(tokens, marks)
    title = next((t.content for t in tokens if t.type == "inline"), "Checkpoint")
    parts = [_section(part, parser, marks) for part in _cut(_reachable(tokens), "h2")]
    first, body = parts[0], "".join(parts[1:])
    if name := drawing_name(journal):
        drawn = f'<div class="wide" tabindex="0">{draw_run(journal)}</div>'
        body = body.replace(f'<img src="{escape(name)}" alt="Chronologie des expériences" />', drawn)
    for sign, drawn in _SIGNS.items():
        title, first, body = (text.replace(sign, drawn) for text in (title, first, body))
    page = _environment().get_template("page.html.j2")
    return page.render(title=title, first=first, body=body, filters=marks.filters())


def _reachable(tokens: list[Token]) -> list[Token]:
    """A long block that scrolls must be reached by the keyboard too; the rules between sections are dropped."""
    for token in tokens:
        if token.type == "fence":
            token.attrSet("tabindex", "0")
    return [token for token in tokens if token.type != "hr"]


def _cut(tokens: Sequence[Token], *tags: str) -> list[list[Token]]:
    """The tokens cut before each heading of these levels."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.type == "heading_open" and token.tag in tags:
            parts.append([])
        parts[-1].append(token)
    return parts


def _section(tokens: Sequence[Token], parser: MarkdownIt, marks: Marks) -> str:
    """One section: what a filter may hide is apart. Sections of evidence are folded; they are unfolded in print."""
    html = "".join(_item(part, parser, marks) for part in _cut(tokens, "h3", "h4"))
    html = html.replace("<table>", '<div class="wide" tabindex="0"><table>').replace("</table>", "</table></div>")
    if not html.startswith("<h2>"):
        return f'<section class="first">{html}</section>'
    title, _, rest = html.removeprefix("<h2>").partition("</h2>")
    if not title.startswith(_FOLDED):
        return f"<section>{html}</section>"
    return f"<details><summary><h2>{title}</h2></summary>{rest}</details>"


def _item(tokens: Sequence[Token], parser: MarkdownIt, marks: Marks) -> str:
    html: str = parser.renderer.render(tokens, parser.options, {})
    heading = tokens[1].content if tokens and tokens[0].type == "heading_open" else ""
    marked = " ".join(f'{name}="{value}"' for name, value in marks.of_heading(heading).items())
    return f"<div {marked}>{html}</div>" if marked else html


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(loader=PackageLoader("audit.report"), undefined=StrictUndefined, autoescape=True)
