"""What one audit asks: the questions that rules and experiments put forward, as its profile chooses among them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from audit.experiments import every_appraisal, every_experiment
from audit.experiments.canary.questions import QUESTIONS
from audit.requirements.catalogue import requirement
from audit.requirements.profiles import GOOD_PRACTICES, OBSERVATIONS, PRINTED_FIRST, Profile
from audit.requirements.question import Question
from audit.rules import every_rule


@dataclass(frozen=True)
class Asked:
    """The ids of what a profile asks: by line of section 1.1, in print order, and those that count in none."""

    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    observations: tuple[str, ...] = ()


def asked(profile: Profile, questions: Sequence[Question], roles: Collection[str] = ()) -> Asked:
    """What this profile asks of these questions: those of its categories that bear on its family, and good practices.

    `roles` are those that the target has: without its role, a question that speaks of one is not asked.
    """
    own = [q for q in questions if q.id not in profile.without and _concerns(q, profile)]
    own = [q for q in own if profile.about_a_role.get(q.id) in {None, *roles}]
    own.sort(key=lambda q: PRINTED_FIRST.index(q.subject) if q.subject in PRINTED_FIRST else len(PRINTED_FIRST))
    found = {c: tuple(q.id for q in own if _line(q, profile) == c) for c in profile.categories}
    return Asked({c: ids for c, ids in found.items() if c != OBSERVATIONS}, found.get(OBSERVATIONS, ()))


def _line(question: Question, profile: Profile) -> str:
    return profile.lines.get(question.id, question.category)


def _concerns(question: Question, profile: Profile) -> bool:
    if question.category in {GOOD_PRACTICES, OBSERVATIONS}:
        return True
    bears_on = (*question.requirements, *profile.reassigned.get(question.id, ()))
    return not set(profile.requirements).isdisjoint(bears_on)


@cache
def every_question() -> tuple[Question, ...]:
    """All that this package can ask."""
    return (*every_rule(), *every_experiment(), *every_appraisal(), *QUESTIONS)


@cache
def decided_by(identifier: str) -> tuple[str, ...]:
    """The questions that must have established a requirement for it to be CONFORME."""
    if requirement(identifier).names_its_judges:
        return requirement(identifier).decided_by
    return tuple(q.id for q in every_question() if identifier in q.decided)
