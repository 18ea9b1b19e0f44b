from pathlib import Path

import pytest

import audit.rules
from audit.experiments import every_appraisal, every_experiment
from audit.experiments.canary.questions import QUESTIONS
from audit.judging.asked import asked, decided_by, every_question
from audit.model.findings import Level
from audit.requirements.catalogue import REQUIREMENTS, requirement
from audit.requirements.celery_criteria import CELERY_CRITERIA
from audit.requirements.profiles import (
    CELERY,
    CHECKPOINT_2025,
    GOOD_PRACTICES,
    PRINTED_FIRST,
    PROFILES,
    STRICT,
    Profile,
    default_family,
    default_profile,
)
from audit.requirements.requirement import Requirement, family_of
from audit.rules import every_rule
from audit.target.target_file import ROLES

BY_ID = {question.id: question for question in every_question()}
EXPERIMENT_IDS = {e.id for e in (*every_experiment(), *every_appraisal(), *QUESTIONS)}


def names_of(profile: Profile) -> list[str]:
    return [i for identifiers in asked(profile, every_question()).categories.values() for i in identifiers]


EVERY = [profile for by_family in PROFILES.values() for profile in by_family.values()]
STRICT_ONES = list(PROFILES["strict"].values())


def name(profile: Profile) -> str:
    return f"{profile.name}, {profile.family}"


@pytest.mark.parametrize("profile", EVERY, ids=name)
def test_every_name_of_a_profile_exists(profile: Profile) -> None:
    assert profile.lenient | profile.without <= {rule.id for rule in every_rule()}
    assert {*profile.reassigned, *profile.lines, *profile.about_a_role} <= set(BY_ID)
    assert set(profile.requirements) <= {r.id for r in (*REQUIREMENTS, *CELERY_CRITERIA)}
    assert PROFILES[profile.name][profile.family] is profile
    assert {family_of(r) for r in profile.requirements} == {profile.family}
    assert set(profile.categories) <= {q.category for q in every_question()} | set(profile.lines.values())


def test_what_is_printed_first_is_a_module_of_rules() -> None:
    (folder,) = map(Path, audit.rules.__path__)
    assert all((folder / f"{module}.py").is_file() for module in PRINTED_FIRST)


@pytest.mark.parametrize("profile", EVERY, ids=name)
def test_nothing_is_asked_twice(profile: Profile) -> None:
    names = [*names_of(profile), *asked(profile, every_question()).observations]
    assert len(names) == len(set(names))


def test_strict_asks_every_rule_and_every_experiment() -> None:
    observed = set(asked(STRICT, every_question()).observations)
    assert {i for profile in STRICT_ONES for i in names_of(profile)} | observed == set(BY_ID)


def test_strict_judges_every_requirement_at_its_own_floor() -> None:
    assert [r for p in STRICT_ONES for r in p.requirements] == [r.id for r in REQUIREMENTS]
    assert all(p.floor(requirement(r)) is requirement(r).floor for p in STRICT_ONES for r in p.requirements)
    assert not any(p.lenient for p in STRICT_ONES)


@pytest.mark.parametrize("profile", STRICT_ONES, ids=name)
def test_what_decides_a_requirement_is_asked_in_its_family_and_bears_on_it(profile: Profile) -> None:
    for identifier in profile.requirements:
        assert decided_by(identifier), identifier
        for decisive in decided_by(identifier):
            assert decisive in names_of(profile), identifier
            assert identifier in BY_ID[decisive].requirements


@pytest.mark.parametrize("profile", STRICT_ONES, ids=name)
def test_every_question_of_a_family_bears_on_it(profile: Profile) -> None:
    own = [BY_ID[i] for i in names_of(profile) if BY_ID[i].category != GOOD_PRACTICES]
    assert all(set(question.requirements) & set(profile.requirements) for question in own)


def test_strict_asks_all_that_the_december_checkpoint_asked() -> None:
    assert set(names_of(CHECKPOINT_2025)) <= set(names_of(STRICT))


def test_the_december_checkpoint_accepts_what_is_declared() -> None:
    assert CHECKPOINT_2025.floor(requirement("8.4")) is Level.SOURCE
    assert len(names_of(CHECKPOINT_2025)) == 21
    assert not set(names_of(CHECKPOINT_2025)) & EXPERIMENT_IDS


def test_an_experiment_that_only_backs_a_requirement_up_does_not_decide_it() -> None:
    assert decided_by("8.5") == ("worker-restart",)
    assert "retry-schedule" in decided_by("4.6")
    assert decided_by("10.1") == ("dead-code",)


def test_celery_asks_every_good_practice_but_those_of_a_role_nobody_has() -> None:
    practices = {q.id for q in every_question() if q.category == GOOD_PRACTICES}
    assert practices - set(names_of(CELERY)) == set(CELERY.about_a_role)
    given = asked(CELERY, every_question(), CELERY.about_a_role.values()).categories
    assert set(CELERY.about_a_role) <= {i for ids in given.values() for i in ids}
    assert set(CELERY.about_a_role.values()) <= set(ROLES)


def test_celery_judges_by_what_concerns_every_celery_project() -> None:
    """A question that bears on no criterion is told beside them: deciding so is written here."""
    beside = {q.id for q in every_question() if q.category == GOOD_PRACTICES} - set(CELERY.reassigned)
    assert beside == {"aware-clocks", "no-connection-at-import"}
    assert {q.id for q in QUESTIONS} <= set(CELERY.reassigned)
    roles = {"sender-no-user", "webhook-no-user", "follow-up-no-user", "recovery", "idempotency", "retry-limit"}
    assert not roles & set(names_of(CELERY))


@pytest.mark.parametrize("criterion", CELERY_CRITERIA, ids=lambda c: c.id)
def test_a_celery_criterion_is_judged_and_its_deciders_are_asked(criterion: Requirement) -> None:
    assert set(criterion.judged_by) <= set(names_of(CELERY)) | set(CELERY.about_a_role)
    assert decided_by(criterion.id) == criterion.decided_by
    assert set(criterion.decided_by) <= {q.id for q in QUESTIONS}
    assert bool(criterion.decided_by) == (criterion.floor is Level.EXECUTION)
    assert criterion.criterion.endswith(".")
    assert criterion.settles


def test_the_profile_of_a_target_follows_its_roles() -> None:
    assert default_profile(roles=False, family="") == "celery"
    assert default_profile(roles=True, family="") == "strict"
    assert default_profile(roles=False, family="10") == "strict"
    assert [default_family(p) for p in ("celery", "checkpoint-2025", "strict")] == ["C", "8", "8"]
