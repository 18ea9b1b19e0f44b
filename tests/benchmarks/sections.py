"""Sections of a Markdown file that several benchmarks write, each its own."""

import re
from pathlib import Path


def section(text: str, title: str) -> str:
    """A second-level section with its title, up to the next one; empty when the text has none of that title."""
    found = re.search(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found.group() if found else ""


def put_section(path: Path, title: str, body: str) -> None:
    """Write a section in the place of the one of the same title, else at the end."""
    text = path.read_text(encoding="utf-8") if path.exists() else "# Mesures de performance\n\n"
    new = f"## {title}\n\n{body}"
    old = section(text, title)
    joined = text.replace(old, f"{new}\n") if old else f"{text.rstrip()}\n\n{new}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(joined.rstrip() + "\n", encoding="utf-8")
