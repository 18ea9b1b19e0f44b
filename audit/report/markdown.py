"""The journal as a French checkpoint in Markdown."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from audit.french.typography import french, french_date, french_integer, french_length, french_moment, french_seconds
from audit.report.compiled_templates import compiled_templates
from audit.report.escaping import Markdown, cell, code, code_cell, fence, paragraph, prose
from audit.report.journal_view import checkpoint
from audit.report.source_words import in_french


def render_markdown(journal: Mapping[str, Any]) -> str:
    """The whole report, ending with one newline.

    `journal` has passed its schema. Raises jinja2.UndefinedError or KeyError when it has not and something is missing.
    """
    journal = in_french(journal)
    view = checkpoint(journal)
    text = environment().get_template("checkpoint.md.j2").render(report=view, journal=journal)
    return french(text).rstrip("\n") + "\n"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Templates in which every value is escaped unless a filter has made Markdown of it."""
    environment = Environment(
        loader=PackageLoader("audit.report"),
        undefined=StrictUndefined,
        finalize=prose,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=compiled_templates(),
        autoescape=False,  # noqa: S701 - HTML escaping would show in Markdown; `finalize` escapes for Markdown
    )
    filters = {
        "cell": cell,
        "code": code,
        "code_cell": code_cell,
        "fence": fence,
        "paragraph": paragraph,
        "bare": lambda text: text.rstrip().removesuffix("."),
        "sentence": lambda text: text if text.rstrip().endswith((".", "!", "?", "…")) else f"{text.rstrip()}.",
        "capital": lambda text: f"{text[:1].upper()}{text[1:]}",
        "plural": lambda count: "s" if count > 1 else "",
        "as_markdown": Markdown,
        "iso_date": date.fromisoformat,
        "french_date": french_date,
        "french_seconds": french_seconds,
        "french_length": french_length,
        "thousands": french_integer,
        "french_moment": lambda text: french_moment(datetime.fromisoformat(text)),
    }
    environment.filters.update(filters)
    # A literal in a template, so that no editor strips the two spaces that break a line.
    environment.globals["newline"] = Markdown("  ")
    return environment
