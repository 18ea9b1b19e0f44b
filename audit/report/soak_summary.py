"""The journal of a laboratory session as a French summary in Markdown, and its drawing."""

from collections.abc import Mapping
from typing import Any

from audit.french.typography import french
from audit.journal.strike_rows import rows
from audit.report.markdown import environment
from audit.report.timeline import draw, lanes_of_strikes


def render_soak(journal: Mapping[str, Any], drawing: str) -> str:
    """The summary of a checked `soak/1` journal; `drawing` is the name of the SVG beside it."""
    template = environment().get_template("soak.md.j2")
    text = template.render(soak=journal, rows=rows(journal["strikes"]), drawing=drawing)
    return french(text).rstrip("\n") + "\n"


def draw_soak(journal: Mapping[str, Any]) -> str:
    """Its timeline as SVG."""
    title = f"Fautes injectées, graine {journal['seed']}"
    return draw(title, lanes_of_strikes(journal["strikes"]), journal["duration_seconds"])
