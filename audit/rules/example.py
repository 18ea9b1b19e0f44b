"""The example of a rule: two small projects, one that it refuses and one that it accepts, written as one."""

import re
from collections.abc import Mapping
from textwrap import dedent

Files = Mapping[str, str]
Example = str | Files
SIDES = ("defective", "sound")
PYTHON = "app.py"
_CHOICE = re.compile(r"«([^«»¦]*)¦([^«»¦]*)»")


def sided(text: str, side: str) -> str:
    """The text of one side, where `«defective¦sound»` says what differs."""
    return _CHOICE.sub(lambda found: found[1 + SIDES.index(side)], text)


def example_files(example: Example, side: str) -> Files:
    """The files of one side, without the margin they were written with; one text alone is a Python module."""
    files = {PYTHON: example} if isinstance(example, str) else example
    return {sided(name, side): dedent(sided(text, side)).strip() + "\n" for name, text in files.items()}


def with_app(text: str) -> str:
    """A module that makes a Celery application, named as `text` names it, and goes on with `text`."""
    rest = dedent(text).strip()
    name = "celery_app" if "celery_app" in rest else "app"
    between = "\n\n\n" if rest.startswith(("@", "def ", "class ")) else "\n"
    return f'from celery import Celery\n\n{name} = Celery("shop", broker="redis://localhost/0"){between}{rest}\n'
