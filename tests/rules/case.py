"""One edit of a sound application, and what it must make one rule answer. One entry = one case anyone can add."""

import pkgutil
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


def fails(rule: str, name: str, words: str, *edits: Edit) -> Case:
    """The rule finds a defect."""
    return Case(rule, name, Outcome.DEFECT, words, edits)


def warns(rule: str, name: str, words: str, *edits: Edit) -> Case:
    """The rule finds a reservation."""
    return Case(rule, name, Outcome.RESERVATION, words, edits)


def undetermined(rule: str, name: str, words: str, *edits: Edit) -> Case:
    """The rule cannot conclude."""
    return Case(rule, name, Outcome.UNDETERMINED, words, edits)


def established(rule: str, name: str, words: str, *edits: Edit) -> Case:
    """The rule passes, on code that looks like a defect and is none."""
    return Case(rule, name, Outcome.ESTABLISHED, words, edits)


def not_concerned(rule: str, name: str, words: str, *edits: Edit) -> Case:
    """The rule does not concern the target."""
    return Case(rule, name, Outcome.NOT_APPLICABLE, words, edits)


def every_case() -> tuple[Case, ...]:
    """Those of each module of this folder, and of `practices`, that has `CASES`."""
    found: list[Case] = []
    for package in ("tests.rules", "tests.rules.practices"):
        for module in pkgutil.iter_modules(import_module(package).__path__):
            if not module.name.startswith("test_"):
                found += getattr(import_module(f"{package}.{module.name}"), "CASES", ())
    return tuple(found)
