"""One fact of an explanation, and how it is printed: `path:line: what: the line of code`."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from audit.command.terminal import shown
from audit.model.findings import Excerpt
from audit.model.secret_masking import Masker
from audit.model.unknown import UNKNOWN

_LONGEST = 100


@dataclass(frozen=True)
class FactLine:
    """A fact: its kind (`value`, `write`, `wins`, `unknown`…), an English sentence, and the line that shows it."""

    kind: str
    text: str
    path: str = ""
    line: int = 0
    code: str = ""

    @property
    def printed(self) -> str:
        """The fact on one line."""
        place = f"{self.path}:{self.line}" if self.line else self.path
        return shown((f"{place}: " if place else "") + self.text + (f": {self.code}" if self.code else ""))

    @property
    def document(self) -> dict[str, Any]:
        """The fact as JSON holds it."""
        return asdict(self)


@dataclass(frozen=True)
class Explanation:
    """What was asked for, and the facts that answer. `known`: whether the source tells the answer."""

    asked: str
    kind: str
    name: str
    known: bool
    facts: Sequence[FactLine]

    @property
    def document(self) -> dict[str, Any]:
        """The explanation as JSON holds it."""
        return {**asdict(self), "facts": [fact.document for fact in self.facts]}


def at(kind: str, text: str, excerpt: Excerpt | None, *, quoted: bool = True) -> FactLine:
    """A fact that these lines show; the first of them is quoted."""
    if excerpt is None:
        return FactLine(kind, text)
    first, *others = excerpt.text.split("\n")
    code = Masker(os.environ).text(first.strip() + (" …" if others else "")) if quoted else ""
    return FactLine(kind, text, excerpt.path, excerpt.first_line, code)


def told(value: Any, name: str = "") -> str:
    """A value as Python writes it, short, and without its secrets."""
    if value is UNKNOWN:
        return "unknown"
    plain = list(value) if isinstance(value, tuple | set | frozenset) else value
    text = repr(Masker(os.environ).value(plain, name)).replace("<Unknown.UNKNOWN: 'inconnu'>", "unknown")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def counted(count: int, word: str) -> str:
    """`1 write`, `2 writes`."""
    return f"{count} {word}{'' if count == 1 else 's'}"
