"""Every criterion of the reference stack, under profile strict: `pytest checks -k 8.1` asks one."""

from dataclasses import dataclass

import pytest

from audit.command.pytest_items import report
from audit.experiments import every_experiment
from audit.experiments.canary.questions import QUESTIONS
from audit.judging.asked import every_question
from audit.judging.examination import Examination
from audit.requirements.profiles import DEFAULT_FAMILY, GOOD_PRACTICES, PROFILES
from audit.requirements.requirement import family_of
from checks.criterion import check


@dataclass(frozen=True)
class Check:
    """What one test asks under a criterion: one question of family 8, all of them of another."""

    name: str
    criterion: str
    questions: tuple[str, ...]


def checks() -> list[Check]:
    """Those of every family. Good practices are asked apart, and the reference stack has a driver: no canary is flown."""
    found = []
    asked = [q for q in every_question() if q.category != GOOD_PRACTICES and q not in QUESTIONS]
    for criterion in (c for profile in PROFILES["strict"].values() for c in profile.requirements):
        own = tuple(q.id for q in asked if criterion in q.requirements)
        if family_of(criterion) == DEFAULT_FAMILY:
            found += [Check(f"{criterion}-{question}", criterion, (question,)) for question in own]
        else:
            found.append(Check(criterion, criterion, own))
    return found


def _test(asked: Check) -> object:
    # What starts the stack belongs to the integration session; `nox -s audit` plays the same experiments in CI.
    played = {experiment.id for experiment in every_experiment()} & {*asked.questions}
    return pytest.param(asked, id=asked.name, marks=pytest.mark.integration if played else ())


@pytest.mark.parametrize("asked", [_test(asked) for asked in checks()])
def test_criterion(asked: Check, examination: Examination) -> None:
    if examination.profile.family == DEFAULT_FAMILY:
        report(examination, *asked.questions)
    else:
        check(examination, asked.criterion, asked.questions)
