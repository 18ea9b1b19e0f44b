"""Good practices: rules of production that most bear on no requirement, and the answers they give."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from audit.model.domains import Answer
from audit.model.findings import Evidence, Excerpt, Finding, Outcome, Problem
from audit.model.gaps import named
from audit.requirements.profiles import GOOD_PRACTICES
from audit.rules.rule import Guide, rule, undetermined

F = TypeVar("F")
_TOLD, _QUOTED = 3, 5

# Makes a check a rule of the category of good practices.
practice = partial(rule, category=GOOD_PRACTICES)


@dataclass(frozen=True)
class Fault:
    """One place that breaks a rule: a French clause, and the lines that show it."""

    text: str
    excerpt: Excerpt | None = None


def unknown(guide: Guide, missing: str, settles: str = "") -> list[Finding]:
    """The rule cannot conclude."""
    return [undetermined(guide.passes, missing, settles)]


def read_so(answer: Answer[F]) -> str:
    """What was read, as the end of a French sentence; empty where nothing is told of it."""
    return f" (lu : {answer.read})" if answer.read.strip() else ""


def answered(
    guide: Guide,
    title: str,
    answer: Answer[Fault],
    *evidence: Evidence,
    nothing: str,
    detail: str = "",
    settles: str = "",
) -> list[Finding]:
    """The finding that a domain's answer gives; `nothing` says in French what the target has none of.

    `settles`: what would settle a point that is not known.
    """
    if answer.outcome in {Outcome.DEFECT, Outcome.RESERVATION}:
        return failed(guide, title, answer.faults or answer.possible, *evidence, outcome=answer.outcome)
    told = read_so(answer)
    if answer.outcome is Outcome.UNDETERMINED:
        return unknown(guide, f"{named(answer.gaps)}{told}", settles)
    if answer.outcome is Outcome.NOT_APPLICABLE:
        return [Finding(answer.outcome, f"{guide.passes} : {nothing}{told}", proof=answer.proof)]
    shown = " ; ".join(filter(None, (detail or answer.read, guide.unsought)))
    return [Finding(answer.outcome, f"{guide.passes} ({shown})", evidence, proof=answer.proof)]


def failed(
    guide: Guide, title: str, faults: Sequence[Fault], *evidence: Evidence, outcome: Outcome = Outcome.DEFECT
) -> list[Finding]:
    """The rule is broken in these places: one finding, one problem."""
    told = list(dict.fromkeys(fault.text for fault in faults))
    rest = len(told) - _TOLD
    more = f" (et {rest} autre{'s' if rest > 1 else ''})" if rest > 0 else ""
    sentence = f"{guide.fails} : {' ; '.join(told[:_TOLD])}{more}"
    places = tuple(dict.fromkeys(f.excerpt for f in faults if f.excerpt))
    problem = Problem(
        title=title,
        severity=guide.severity,
        impact=guide.impact,
        recommendation=guide.advice,
        situation=places[:_QUOTED],
        solution=guide.solution,
        solution_language=guide.language,
        places=tuple(dict.fromkeys(f"{e.path}:{e.first_line}" for e in places)),
    )
    return [Finding(outcome, sentence, _of_places(evidence, places), problem=problem)]


def _of_places(evidence: Sequence[Evidence], places: Sequence[Excerpt]) -> tuple[Evidence, ...]:
    """What shows the faults: the lines of other members, of which nothing else is told, are left out."""
    shown = tuple(e for e in evidence if e.excerpt is None or e.excerpt in places or e.values)
    return shown if places and shown else tuple(evidence)
