"""What a rule quantifies over, and the only way from there to « établi » and « sans objet ».

A domain holds the members that the reading found and the gaps in which others may hide. Faults come first, then gaps, then
emptiness, then proof: a sure fault is never hidden by a gap, and a gap that may hide one is never a pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from audit.model.gaps import Gap
from audit.model.outcomes import Outcome

T = TypeVar("T")
F = TypeVar("F")


_SEAL = object()


class Proof:
    """That a domain was read whole and no member of it is at fault. Only `conclude` makes one.

    `outcome` is the one it proves; `read` says what was read.
    """

    __slots__ = ("outcome", "read")

    def __init__(self, outcome: Outcome, read: str, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only conclude() proves a point")
        self.outcome = outcome
        self.read = read


@dataclass(frozen=True)
class Declared:
    """That the owner of the target declares a part absent: « sans objet » by his word."""

    what: str

    @property
    def outcome(self) -> Outcome:
        """The only outcome that a declaration carries."""
        return Outcome.NOT_APPLICABLE


@dataclass(frozen=True)
class Domain(Generic[T]):
    """`members` in the order they were read; `read` says in French how much was, such as « 12 tâches, 41 fonctions »."""

    members: tuple[T, ...]
    gaps: tuple[Gap, ...]
    read: str


@dataclass(frozen=True)
class Answer(Generic[F]):
    """What a domain gives for one rule: the outcome, and what it rests on.

    `faults` are sure, `possible` depend on a receiver that is not known, `gaps` may hide others.
    """

    outcome: Outcome
    read: str
    faults: tuple[F, ...] = ()
    possible: tuple[F, ...] = ()
    gaps: tuple[Gap, ...] = ()
    proof: Proof | None = None


def _any(_: Gap) -> bool:
    return True


def _none(_: object) -> tuple[()]:
    return ()


def conclude(
    domain: Domain[T],
    faults_of: Callable[[T], Sequence[F]],
    *,
    may_hide: Callable[[Gap], bool] = _any,
    possible_of: Callable[[T], Sequence[F]] = _none,
) -> Answer[F]:
    """Judge each member: a fault is a defect whatever the gaps; a possible one a reservation; then what is not known.

    `faults_of` gives the faults of a member; `possible_of` those it has if a call goes where it may; `may_hide` says whether a gap can hide a member at fault for this rule.
    """
    faults = _found(domain.members, faults_of)
    if faults:
        return Answer(Outcome.DEFECT, domain.read, faults)
    possible = _found(domain.members, possible_of)
    if possible:
        return Answer(Outcome.RESERVATION, domain.read, possible=possible)
    gaps = tuple(gap for gap in domain.gaps if may_hide(gap))
    if gaps:
        return Answer(Outcome.UNDETERMINED, domain.read, gaps=gaps)
    outcome = Outcome.ESTABLISHED if domain.members else Outcome.NOT_APPLICABLE
    return Answer(outcome, domain.read, proof=Proof(outcome, domain.read, _SEAL))


def _found(members: Sequence[T], judge: Callable[[T], Sequence[F]]) -> tuple[F, ...]:
    return tuple(fault for member in members for fault in judge(member))
