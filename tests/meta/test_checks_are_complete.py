"""Every question that profile strict asks of the reference stack is a check, under the criterion it bears on."""

import pytest

from audit.experiments.canary.questions import QUESTIONS
from audit.judging.asked import asked, every_question
from audit.requirements.profiles import GOOD_PRACTICES, PROFILES, Profile
from audit.rules import every_rule
from checks.criterion import checks, good_practices

CHECKS = checks()


@pytest.mark.parametrize("profile", PROFILES["strict"].values(), ids=lambda p: p.family)
def test_every_question_of_a_family_is_a_check(profile: Profile) -> None:
    every = asked(profile, every_question()).categories
    # The reference stack has a driver: no canary flies over it.
    expected = {i for category, ids in every.items() if category != GOOD_PRACTICES for i in ids}
    expected -= {q.id for q in QUESTIONS}
    own = [check for check in CHECKS if check.criterion in profile.requirements]
    assert {question for check in own for question in check.questions} == expected
    assert [c for c in profile.requirements if c in {check.criterion for check in own}] == list(profile.requirements)


def test_every_good_practice_is_a_check() -> None:
    practices = {rule.id for rule in every_rule() if rule.category == GOOD_PRACTICES}
    assert set(good_practices()) == practices


def test_no_check_is_there_twice() -> None:
    names = [check.name for check in CHECKS]
    assert len(names) == len(set(names))
