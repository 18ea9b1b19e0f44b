"""One small program and what one rule must answer of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent

from audit.model.findings import Outcome

ALARM = frozenset({Outcome.DEFECT})
WARNED = frozenset({Outcome.DEFECT, Outcome.RESERVATION})
DOUBTED = WARNED | {Outcome.UNDETERMINED}
QUIET = frozenset({Outcome.ESTABLISHED, Outcome.NOT_APPLICABLE, Outcome.UNDETERMINED})
PASSES = frozenset({Outcome.ESTABLISHED, Outcome.NOT_APPLICABLE})

Answer = tuple[frozenset[Outcome], str | Mapping[str, str]]
# By rule, then by name.
Table = Mapping[str, Mapping[str, Answer]]


@dataclass(frozen=True)
class Program:
    """`outcomes` are those that the rule may give; the text is that of `shop.py`, or of several files; `said` is in its words."""

    rule: str
    name: str
    outcomes: frozenset[Outcome]
    text: str | Mapping[str, str]
    said: str = ""

    @property
    def files(self) -> dict[str, str]:
        """The files of the project by path."""
        given = {"shop.py": self.text} if isinstance(self.text, str) else self.text
        return {path: dedent(text).lstrip("\n") for path, text in given.items()}
