"""`requirements.md`: the criteria a spec states."""

import re
from dataclasses import dataclass

from audit.reading.kiro.citations import Flaw, Identifier
from audit.reading.kiro.markdown_lines import Line, read_lines


@dataclass(frozen=True)
class Criterion:
    """One criterion `N.M`, its sentence, and the line that states it (`path:line`)."""

    identifier: Identifier
    text: str
    place: str


_WORD = r"(?:requirement|exigence)"
_FAMILY = re.compile(rf"{_WORD}\s+([0-9]{{1,4}})(?![0-9]|\.[0-9])", re.IGNORECASE)
_UNNUMBERED = re.compile(rf"{_WORD}\b(?!\s+[0-9])", re.IGNORECASE)
_LABEL = re.compile(r"^[*_\s]*(?:acceptance criteria|crit[èe]res)\b", re.IGNORECASE)
_MARK = r"[*_`]*"
_EXPLICIT = re.compile(
    rf"^{_MARK}(?:{_WORD}\s+)?([0-9]{{1,4}})\.([0-9]{{1,4}})(?![0-9]|\.[0-9]){_MARK}[\s:.)—–-]+(?P<text>.+)",
    re.IGNORECASE,
)
_ROW = re.compile(rf"^\|\s*{_MARK}([0-9]{{1,4}})\.([0-9]{{1,4}}){_MARK}\s*\|\s*(?P<text>[^|]*)")


def read_requirements(text: str, path: str) -> tuple[list[Criterion], list[Flaw]]:
    """Criteria of a requirements file, in its order, and what in it could not be understood.

    A criterion is an ordered item under « Acceptance Criteria » of a heading `Requirement N`, a heading or an item that bears
    its own `N.M`, or the row of a table whose first cell does.
    """
    reading = _Reading(path)
    for line in read_lines(text):
        reading.read(line)
    reading.close()
    if not reading.criteria:
        reading.flaws.append(Flaw(path, "aucun critère n'y a été lu"))
    return list(reading.criteria.values()), reading.flaws


class _Reading:
    def __init__(self, path: str) -> None:
        self.path = path
        self.criteria: dict[Identifier, Criterion] = {}
        self.flaws: list[Flaw] = []
        self._families: set[int] = set()
        self._family: int | None = None
        self._level, self._place, self._under_label = 0, "", False

    def read(self, line: Line) -> None:
        if line.heading:
            self._heading(line)
        elif _LABEL.match(line.text):
            self._under_label = True
        elif row := _ROW.match(line.text):
            self._add(row[1], row[2], row["text"], line)
        elif self._family is not None and self._under_label:
            explicit = _EXPLICIT.match(line.whole or line.text)
            if explicit and int(explicit[1]) == self._family:
                self._add(explicit[1], explicit[2], explicit["text"], line)
            elif line.ordinal is not None and line.depth == 1:
                self._add(str(self._family), str(line.ordinal), line.whole, line)

    def _heading(self, line: Line) -> None:
        if explicit := _EXPLICIT.match(line.text):
            self._add(explicit[1], explicit[2], explicit["text"], line)
            # What it lists below are its own conditions, not criteria of the requirement around it.
            self.close()
        elif family := _FAMILY.match(line.text):
            self.close()
            self._family, self._level = int(family[1]), line.heading
            self._place, self._under_label = f"{self.path}:{line.number}", False
        elif _LABEL.match(line.text):
            self._under_label = True
        elif _UNNUMBERED.match(line.text):
            self.close()
            self._flaw(line, f"« {line.text[:60]} » : exigence sans numéro, ses critères ne sont pas lus")
        elif line.heading <= self._level:
            self.close()
        else:
            self._under_label = False

    def close(self) -> None:
        """End the requirement being read, which must have had a criterion."""
        if self._family is not None and self._family not in self._families:
            self.flaws.append(Flaw(self._place, f"exigence {self._family} sans critère d'acceptation numéroté"))
        self._family = None

    def _add(self, family: str, rank: str, text: str, line: Line) -> None:
        identifier = Identifier(int(family), int(rank))
        if not identifier.rank:
            self._flaw(line, f"critère {identifier} : le rang d'un critère commence à 1")
        elif earlier := self.criteria.get(identifier):
            self._flaw(line, f"critère {identifier} déjà énoncé ({earlier.place})")
        else:
            self._families.add(identifier.family)
            self.criteria[identifier] = Criterion(identifier, " ".join(text.split()), f"{self.path}:{line.number}")

    def _flaw(self, line: Line, why: str) -> None:
        self.flaws.append(Flaw(f"{self.path}:{line.number}", why))
