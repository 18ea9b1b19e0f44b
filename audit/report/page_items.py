"""What a page may hide by a filter: each requirement, problem and row, marked with its status, gravity and requirements."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it.token import Token

from audit.journal.recorded_findings import left_open

Journal = Mapping[str, Any]
STATUSES = ("CONFORME", "PARTIEL", "NON CONFORME", "INDÉTERMINÉ", "SANS OBJET")
GRAVITIES = ("critique", "majeur", "mineur")
_REQUIREMENT, _PROBLEM = re.compile(r"(?:Requirement|Exigence) (\S+)"), re.compile(r"Problème (\d+)")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Filter:
    """One question to the reader: a name, and the options, each a label with the word that marks what it keeps."""

    name: str
    legend: str
    options: tuple[tuple[str, str], ...]


class Marks:
    """The words by which the parts of one journal are marked: numbers only, so that nothing of a target is among them."""

    def __init__(self, journal: Journal) -> None:
        """From a journal that was checked."""
        self._requirements = {r["id"]: r for r in journal["requirements"]}
        self._numbers = {identifier: f"r{n}" for n, identifier in enumerate(self._requirements)}
        self._problems = {str(p["number"]): p for p in journal["problems"]}
        self._gravities = {p["severity"] for p in journal["problems"]}
        self._gravities |= {f.get("severity", "") for f in left_open(journal)}

    def filters(self) -> tuple[Filter, ...]:
        """Those that leave a choice."""
        statuses = {r["verdict"] for r in self._requirements.values()}
        gravities = self._gravities
        asked = (
            Filter("status", "Statut", tuple((s, f"s{n}") for n, s in enumerate(STATUSES) if s in statuses)),
            Filter("gravity", "Gravité", tuple((g, f"g{n}") for n, g in enumerate(GRAVITIES) if g in gravities)),
            Filter("requirement", "Exigence", tuple(self._numbers.items())),
        )
        return tuple(f for f in asked if len(f.options) > 1)

    def of_heading(self, text: str) -> dict[str, str]:
        """The marks of what stands under a heading; none for a heading of something else."""
        if found := _REQUIREMENT.match(text):
            return self._of_requirement(found.group(1))
        if found := _PROBLEM.match(text):
            return self._of_problem(found.group(1))
        return {}

    def of_row(self, columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
        """The marks of a row of a table."""
        if columns[:1] == ["#"]:
            return self._of_problem(cells[0])
        if columns[:1] == ["Exigence"] and cells:
            return self._of_requirements(_WORD.findall(cells[0]))
        if columns[:1] == ["Gravité"] and cells[0] in GRAVITIES:
            return {"data-gravity": f"g{GRAVITIES.index(cells[0])}"}
        return {}

    def _of_requirements(self, words: Sequence[str]) -> dict[str, str]:
        """The marks of the requirements that a cell names; they share a row when nothing settled them."""
        named = [word for word in words if word in self._requirements]
        marks = self._of_requirement(named[0]) if named else {}
        return marks | ({"data-requirement": " ".join(self._numbers[word] for word in named)} if named else {})

    def _of_requirement(self, identifier: str) -> dict[str, str]:
        entry = self._requirements.get(identifier)
        if entry is None:
            return {}
        return {"data-status": f"s{STATUSES.index(entry['verdict'])}", "data-requirement": self._numbers[identifier]}

    def _of_problem(self, number: str) -> dict[str, str]:
        problem = self._problems.get(number)
        if problem is None:
            return {}
        borne = [self._numbers[i] for i in problem["requirements"] if i in self._numbers]
        return {"data-gravity": f"g{GRAVITIES.index(problem['severity'])}", "data-requirement": " ".join(borne)}


def mark_tables(tokens: Sequence[Token], marks: Marks) -> None:
    """Mark the rows, and give each cell the name of its column, for a screen too narrow for a heading row."""
    columns: list[str] = []
    rows: list[tuple[Token, list[tuple[Token, str]]]] = []
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "table_open":
            columns = []
        elif token.type == "tr_open":
            rows.append((token, []))
        elif token.type == "th_open" and following:
            columns.append(_plain(following))
        elif token.type == "td_open" and following:
            rows[-1][1].append((token, _plain(following)))
        elif token.type == "tr_close" and rows[-1][1]:
            row, cells = rows[-1]
            for (cell, _), name in zip(cells, columns, strict=False):
                cell.attrSet("data-label", name)
            for name, value in marks.of_row(columns, [text for _, text in cells]).items():
                row.attrSet(name, value)


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())
