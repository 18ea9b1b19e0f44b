"""A checkpoint as one self-contained page: nothing is fetched, it prints on A4, and it follows the reader's light or dark."""

from collections.abc import Mapping
from functools import lru_cache
from html import escape
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.token import Token

from audit.report.markdown import render_markdown
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
_FOLDED = ("## 2", "## 6", "## 7")


def render_html(journal: Mapping[str, Any]) -> str:
    """The whole page. What a target wrote is text: the Markdown it comes from is escaped, and raw HTML is off."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(render_markdown(journal))
    title = next((t.content for t in tokens if t.type == "inline"), "Checkpoint")
    parts = [parser.renderer.render(part, parser.options, {}) for part in _sections(_reachable(tokens))]
    body = "".join(_folded(html) for html in parts).replace("<table>", '<div class="wide" tabindex="0"><table>')
    body = body.replace("</table>", "</table></div>")
    if name := drawing_name(journal):
        drawn = f'<div class="wide" tabindex="0">{draw_run(journal)}</div>'
        body = body.replace(f'<img src="{escape(name)}" alt="Chronologie des expériences" />', drawn)
    for sign, drawn in _SIGNS.items():
        title, body = title.replace(sign, drawn), body.replace(sign, drawn)
    return _environment().get_template("page.html.j2").render(title=title, body=body)


def _reachable(tokens: list[Token]) -> list[Token]:
    """A long block that scrolls must be reached by the keyboard too."""
    for token in tokens:
        if token.type == "fence":
            token.attrSet("tabindex", "0")
    return tokens


def _sections(tokens: list[Token]) -> list[list[Token]]:
    """The tokens cut before each heading of second level; the rules between sections are dropped."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.type == "heading_open" and token.tag == "h2":
            parts.append([])
        if token.type != "hr":
            parts[-1].append(token)
    return parts


def _folded(html: str) -> str:
    """Sections of evidence are folded; they are unfolded in print."""
    start, end = html.find("<h2>"), html.find("</h2>")
    title = html[start + 4 : end]
    if start != 0:
        return f'<section class="first">{html}</section>'
    if not any(title.startswith(name.removeprefix("## ")) for name in _FOLDED):
        return f"<section>{html}</section>"
    return f"<details><summary><h2>{title}</h2></summary>{html[end + 5 :]}</details>"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(loader=PackageLoader("audit.report"), undefined=StrictUndefined, autoescape=True)
