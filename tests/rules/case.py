"""One edit of a sound application, and what it must make one rule answer. One entry = one case anyone can add."""

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module

from audit.model.findings import Outcome
from tests.acceptance.reference_copy import Edit


@dataclass(frozen=True)
class Case:
    """What these edits must make one rule answer, in words of its sentence or of what it missed."""

    rule: str
    name: str
    outcome: Outcome
    words: str
    edits: tuple[Edit, ...] = field(default=())


Answer = tuple[Outcome, str, tuple[Edit, ...]]
Table = Mapping[str, Mapping[str, Answer]]


def fails(words: str, *edits: Edit) -> Answer:
    """The rule finds a defect."""
    return (Outcome.DEFECT, words, edits)


def warns(words: str, *edits: Edit) -> Answer:
    """The rule finds a reservation."""
    return (Outcome.RESERVATION, words, edits)


def undetermined(words: str, *edits: Edit) -> Answer:
    """The rule cannot conclude."""
    return (Outcome.UNDETERMINED, words, edits)


def established(words: str, *edits: Edit) -> Answer:
    """The rule passes, on code that looks like a defect and is none."""
    return (Outcome.ESTABLISHED, words, edits)


def not_concerned(words: str, *edits: Edit) -> Answer:
    """The rule does not concern the target."""
    return (Outcome.NOT_APPLICABLE, words, edits)


def every_case() -> tuple[Case, ...]:
    """Those of each module of this folder, and of `practices`, that has a `TABLE` (rule, name, answer) or `CASES`."""
    found: list[Case] = []
    for package in ("tests.rules", "tests.rules.practices"):
        for module in pkgutil.iter_modules(import_module(package).__path__):
            if not module.name.startswith("test_"):
                held = import_module(f"{package}.{module.name}")
                table: Table = getattr(held, "TABLE", {})
                found += (Case(rule, name, *said) for rule, asked in table.items() for name, said in asked.items())
                found += getattr(held, "CASES", ())
    return tuple(found)
