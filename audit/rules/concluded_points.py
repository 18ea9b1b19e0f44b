"""The finding that a domain's answer gives on a point of a requirement."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audit.model.domains import Answer
from audit.model.findings import Evidence, Finding, Outcome, Problem
from audit.model.gaps import UnknownRole, named
from audit.rules.practice import read_so
from audit.rules.rule import undetermined

_QUOTED = 5


@dataclass(frozen=True)
class Wrong:
    """One place that breaks a requirement: the French sentence, the problem that the report details, and what shows it."""

    text: str
    problem: Problem
    evidence: tuple[Evidence, ...]


def concluded(
    sentence: str, answer: Answer[Wrong], *evidence: Evidence, told: str = "", nothing: str = "", settles: str = ""
) -> Finding:
    """`sentence` says the point; `told`, what is said instead where it is established; `nothing`, what the target has none of.

    `settles`: what would settle it, where no gap says it.
    """
    if answer.outcome in {Outcome.DEFECT, Outcome.RESERVATION}:
        return _broken(answer.outcome, answer.faults or answer.possible)
    if answer.outcome is Outcome.UNDETERMINED:
        asked = next((g.settles for g in answer.gaps if isinstance(g, UnknownRole)), settles)
        return undetermined(sentence, f"{named(answer.gaps)}{read_so(answer)}", asked)
    if answer.outcome is Outcome.NOT_APPLICABLE:
        return Finding(answer.outcome, f"{sentence} : {nothing}{read_so(answer)}", proof=answer.proof)
    return Finding(answer.outcome, told or sentence, evidence, proof=answer.proof)


def _broken(outcome: Outcome, faults: Sequence[Wrong]) -> Finding:
    """One finding: the first place, how many others, and the lines of all."""
    first, *others = {fault.text: fault for fault in faults}.values()
    more = f" (et {len(others)} autre{'s' if len(others) > 1 else ''})" if others else ""
    places = tuple(dict.fromkeys(e for fault in faults for e in fault.problem.situation))
    problem = replace(first.problem, situation=places[:_QUOTED])
    return Finding(outcome, f"{first.text}{more}", first.evidence, problem=problem)
