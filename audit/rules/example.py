"""An example of a rule: the few files of a small project, whole."""

from collections.abc import Mapping
from textwrap import dedent

PYTHON = "app.py"


def example(written: str | Mapping[str, str]) -> dict[str, str]:
    """The files of an example, without the margin they were written with; one text alone is a Python module."""
    files = {PYTHON: written} if isinstance(written, str) else written
    return {name: dedent(text).strip() + "\n" for name, text in files.items()}
