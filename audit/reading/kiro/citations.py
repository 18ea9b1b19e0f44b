"""How a task cites criteria: `8.1`, a range `4.1-4.6`, a whole family `4`, several of them separated by commas."""

import re
from dataclasses import dataclass
from typing import NamedTuple

_END = 10_000  # above every rank the grammar reads


class Identifier(NamedTuple):
    """The id of a criterion `N.M`, ordered as numbers are."""

    family: int
    rank: int

    def __str__(self) -> str:
        return f"{self.family}.{self.rank}"


@dataclass(frozen=True)
class Flaw:
    """What a file of the spec has and nobody can use: where (`path:line`), and why, in French."""

    place: str
    why: str


@dataclass(frozen=True)
class Citation:
    """Criteria from `first` to `last` inclusive, cited by the words `text` at `place` (`path:line`)."""

    text: str
    first: Identifier
    last: Identifier
    place: str

    def covers(self, identifier: Identifier) -> bool:
        """Whether this criterion is among those cited."""
        return self.first <= identifier <= self.last

    @property
    def ends(self) -> tuple[str, ...]:
        """What must exist for it to mean something: the criteria `N.M`, or the families `N`, at its ends."""
        named = (str(end.family) if end.rank in {0, _END} else str(end) for end in (self.first, self.last))
        return tuple(dict.fromkeys(named))


# In any of three ways: `Requirements: 8.1`, `Validates: Requirements 8.1`, `Validates: 8.1`; markup around is dropped.
_VALIDATES = r"(?:validates|valide)[\s_*]*:[\s_*]*(?:(?:requirements?|exigences?)[\s_*]*:?)?"
_REQUIREMENTS = r"(?:requirements?|exigences?)[\s_*]*:"
_TASK_LINE = re.compile(rf"(?:^|[_*(\s])(?:{_VALIDATES}|{_REQUIREMENTS})(?P<list>.*)", re.IGNORECASE)
_DESIGN_LINE = re.compile(rf"(?:^|[_*(\s]){_VALIDATES}(?P<list>.*)", re.IGNORECASE)

_FAMILY_STAR = re.compile(r"(?<![0-9.])([0-9]{1,4})\.\*(?!\*)")
_SEPARATOR = re.compile(r"[,;]|\s(?:and|et|&)\s", re.IGNORECASE)
_ONE = r"(?:(?:requirement|exigence)\s+)?([0-9]{1,4})(?:\.(?:([0-9]{1,4})|x))?"
_CITED = re.compile(rf"{_ONE}(?:\s*(?:-|–|—|\bto\b|\bà\b)\s*{_ONE})?", re.IGNORECASE)


def cited_in(line: str, *, design: bool = False) -> str | None:
    """The list of criteria that this line cites; None when it cites nothing. A design only cites by `Validates:`."""
    match = (_DESIGN_LINE if design else _TASK_LINE).search(line)
    return _bare(match["list"]) if match else None


def read_citations(text: str, place: str) -> tuple[list[Citation], list[Flaw]]:
    """Citations of a list such as `8.1, 4.1-4.6, 9`, and its parts that are none."""
    parts = [bare for part in _SEPARATOR.split(text) if (bare := _bare(part))]
    citations, flaws = [], []
    for part in parts:
        found = _read_one(part, place)
        if isinstance(found, Citation):
            citations.append(found)
        else:
            flaws.append(Flaw(place, found))
    if not parts:
        flaws.append(Flaw(place, "aucun critère n'y est cité"))
    return citations, flaws


def _bare(text: str) -> str:
    """The text without the markup around it; the star of a family `4.*`, written `4.x`, is none."""
    return _FAMILY_STAR.sub(r"\1.x", text).strip("_*()[]`. \t\u00a0")


def _read_one(part: str, place: str) -> Citation | str:
    """The citation, or why it is none."""
    match = _CITED.fullmatch(part)
    if match is None:
        return f"« {part[:60]} » n'est ni un critère, ni un intervalle, ni une famille"
    family, rank, other_family, other_rank = match.groups()
    first = Identifier(int(family), int(rank) if rank else 0)
    last = Identifier(int(family), int(rank) if rank else _END)
    if other_family:
        if bool(rank) != bool(other_rank):
            return f"« {part} » va d'un critère à une famille : l'intervalle est ambigu"
        last = Identifier(int(other_family), int(other_rank) if other_rank else _END)
    if rank and 0 in {first.rank, last.rank}:
        return f"« {part} » cite un critère de rang 0, qui n'existe dans aucune spec"
    return Citation(part, first, last, place) if first <= last else f"« {part} » est un intervalle à l'envers"
