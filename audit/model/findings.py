"""The words every part of the harness shares: levels, outcomes, evidence, findings."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from audit.model.domains import Declared, Proof
from audit.model.outcomes import Outcome

__all__ = ["Evidence", "EvidenceError", "Excerpt", "Finding", "Level", "Outcome", "Problem", "Severity", "worst"]


class Level(IntEnum):
    """How strongly something is known; each level includes the ones below it."""

    SOURCE = 1
    CONFIGURATION = 2
    EXECUTION = 3
    MEASUREMENT = 4

    @property
    def french(self) -> str:
        """The word a report puts after CONFORME."""
        return {1: "déclaré", 2: "configuré", 3: "exécuté", 4: "mesuré"}[self]


class Severity(StrEnum):
    """Rank of a problem in the report."""

    CRITICAL = "critique"
    MAJOR = "majeur"
    MINOR = "mineur"


class EvidenceError(ValueError):
    """A finding claims more than its evidence shows."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Consecutive lines of a target's file, quoted verbatim. Lines count from 1, both ends included."""

    path: str
    first_line: int
    last_line: int
    text: str
    language: str = "python"


@dataclass(frozen=True)
class Evidence:
    """One fact that a finding rests on: who established it, how strongly, and the digest of what it was read from."""

    level: Level
    source: str
    digest: str
    excerpt: Excerpt | None = None
    values: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Raise EvidenceError without an origin or a digest."""
        if not self.source or not self.digest:
            raise EvidenceError("evidence needs the name of the probe or experiment and a digest")


@dataclass(frozen=True)
class Problem:
    """What a report says about a defect or a reservation, in French; `solution` and `situation` are code excerpts or prose.

    `places` lists every line at fault as `path:line`, where `situation` quotes the first ones only.
    """

    title: str
    severity: Severity
    impact: str
    recommendation: str
    situation: tuple[Excerpt, ...] = ()
    situation_text: str = ""
    solution: str = ""
    solution_language: str = "python"
    places: tuple[str, ...] = ()


_PROVED = frozenset({Outcome.ESTABLISHED, Outcome.NOT_APPLICABLE})


@dataclass(frozen=True)
class Finding:
    """The conclusion of one rule or experiment on one point, with the French sentence that states it.

    `proof`: what was read, for a point that rests on reading or on configuration; experiments show what they played instead.
    `missing` says what an undetermined point lacked and `settles` what would settle it. The engine fills `rule`, `requirements`
    and `needs`, the level below which « établi » is refused.
    """

    outcome: Outcome
    sentence: str
    evidence: tuple[Evidence, ...] = ()
    missing: str = ""
    settles: str = ""
    problem: Problem | None = None
    rule: str = ""
    requirements: tuple[str, ...] = ()
    needs: Level = Level.SOURCE
    proof: Proof | Declared | None = None

    def __post_init__(self) -> None:
        """Raise EvidenceError when the outcome is not carried by what it needs."""
        if self.outcome is Outcome.ESTABLISHED and not any(e.level >= self.needs for e in self.evidence):
            raise EvidenceError(f"{self.rule}: « établi » needs evidence at level {self.needs.name.lower()} or above")
        if self.outcome in _PROVED and not self._shown:
            raise EvidenceError(
                f"{self.rule}: « {self.outcome} » needs the proof that `conclude` makes, or an experiment that was played"
            )
        if self.outcome is Outcome.UNDETERMINED and not self.missing:
            raise EvidenceError(f"{self.rule}: « indéterminé » must say what was missing")
        if self.outcome in {Outcome.DEFECT, Outcome.RESERVATION} and self.problem is None:
            raise EvidenceError(f"{self.rule}: « {self.outcome} » must carry the problem it reports")

    @property
    def _shown(self) -> bool:
        proved = self.proof is not None and self.proof.outcome is self.outcome
        return proved or any(e.level >= Level.EXECUTION for e in self.evidence)

    @property
    def level(self) -> Level:
        """Strongest level of its evidence; SOURCE when it has none."""
        return max((e.level for e in self.evidence), default=Level.SOURCE)


_GRAVITY = (
    Outcome.NOT_APPLICABLE,
    Outcome.ESTABLISHED,
    Outcome.RESERVATION,
    Outcome.UNDETERMINED,
    Outcome.DEFECT,
    Outcome.AUDIT_ERROR,
)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome that decides for a group; « sans objet » for an empty one."""
    return max(outcomes, key=_GRAVITY.index, default=Outcome.NOT_APPLICABLE)
