"""What is asked of the reference stack under each criterion, and its verdict in pytest's words."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from audit.command.pytest_items import AuditDefect, AuditReservationWarning
from audit.experiments import every_experiment
from audit.experiments.canary.questions import QUESTIONS
from audit.judging.asked import asked, every_question
from audit.judging.examination import Examination
from audit.judging.verdict import Status
from audit.requirements.profiles import DEFAULT_FAMILY, GOOD_PRACTICES, PROFILES, STRICT
from audit.requirements.requirement import family_of


@dataclass(frozen=True)
class Check:
    """What one test asks under a criterion: one question of family 8, all of them of another."""

    name: str
    criterion: str
    questions: tuple[str, ...]

    @property
    def starts_stack(self) -> bool:
        """Whether an experiment is among its questions."""
        return not {experiment.id for experiment in every_experiment()}.isdisjoint(self.questions)


def checks() -> list[Check]:
    """Those of every family. Good practices are asked apart, and the reference stack has a driver: no canary is flown."""
    found = []
    put = [q for q in every_question() if q.category != GOOD_PRACTICES and q not in QUESTIONS]
    for criterion in (c for profile in PROFILES["strict"].values() for c in profile.requirements):
        own = tuple(q.id for q in put if criterion in q.requirements)
        if family_of(criterion) == DEFAULT_FAMILY:
            found += [Check(f"{criterion}-{question}", criterion, (question,)) for question in own]
        else:
            found.append(Check(criterion, criterion, own))
    return found


def good_practices() -> tuple[str, ...]:
    """The good practices, in print order."""
    return asked(STRICT, every_question()).categories[GOOD_PRACTICES]


def check(examination: Examination, criterion: str, questions: Sequence[str]) -> None:
    """Ask these questions, then pass, warn, skip or raise AuditDefect after the verdict of the criterion."""
    for question in questions:
        examination.findings(question)
    verdict = examination.verdicts()[criterion]
    told = f"{criterion} {verdict.status} : {verdict.reason}"
    if verdict.status is Status.NON_COMPLIANT:
        raise AuditDefect(told)
    if verdict.status is Status.UNDETERMINED:
        pytest.skip(told)
    if verdict.status is Status.PARTIAL:
        warnings.warn(AuditReservationWarning(told), stacklevel=1)
