"""What every observation of a target holds.

A value that could not be worked out is UNKNOWN. Texts said to be French are clauses of a report's sentence.
"""

from dataclasses import dataclass
from typing import TypeVar

from audit.model.findings import Excerpt


@dataclass(frozen=True)
class Observation:
    """Something seen: `symbol` is the function that does it (empty: a module's own statements, or a file
    that is no module).

    `excerpt` is the place; None where its text holds a secret, or where the whole file is meant.
    """

    symbol: str
    excerpt: Excerpt | None


@dataclass(frozen=True)
class TaskObservation(Observation):
    """What counts only in what tasks run, or in what a worker loads to run them."""


@dataclass(frozen=True)
class CutShort(Observation):
    """An expression that is too long to follow, where observations of the kinds `hides` were looked for."""

    hides: frozenset[type[Observation]]


Seen = TypeVar("Seen", bound=Observation)
