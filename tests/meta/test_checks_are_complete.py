"""Every question that profile strict asks of the reference stack is a check, under the criterion it bears on."""

import importlib
from pathlib import Path

import pytest

from audit.experiments import APPRAISALS, EXPERIMENTS
from audit.experiments.canary.questions import QUESTIONS
from audit.requirements.profiles import PROFILES, STRICT, Profile
from audit.rules import RULES

CHECKS = Path(__file__).resolve().parents[2] / "checks"
BEARS_ON = {r.id: r.requirements for r in RULES} | {e.id: e.requirements for e in (*EXPERIMENTS, *APPRAISALS)}


def by_criterion(family: str) -> dict[str, tuple[str, ...]]:
    """The questions of each check of this family, by criterion."""
    paths = sorted(CHECKS.glob(f"test_{family}_*.py"))
    found = {".".join(p.stem.split("_")[1:3]): importlib.import_module(f"checks.{p.stem}").QUESTIONS for p in paths}
    assert len(found) == len(paths)
    return found


@pytest.mark.parametrize("profile", PROFILES["strict"].values(), ids=lambda p: p.family)
def test_every_criterion_has_a_check_that_asks_what_bears_on_it(profile: Profile) -> None:
    checks = by_criterion(profile.family)
    assert set(checks) == set(profile.requirements)
    for criterion, questions in checks.items():
        assert all(criterion in BEARS_ON[question] for question in questions), criterion
    asked = {question for questions in checks.values() for question in questions}
    if profile is STRICT:
        asked |= set(importlib.import_module("checks.test_bonnes_pratiques").QUESTIONS)
    # The reference stack has a driver: no canary flies over it.
    assert asked == {i for ids in profile.categories.values() for i in ids} - {q.id for q in QUESTIONS}
