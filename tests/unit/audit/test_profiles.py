import pytest

from audit.catalogue import REQUIREMENTS, requirement
from audit.experiments import EXPERIMENTS
from audit.model import Level
from audit.profiles import CHECKPOINT_2025, PROFILES, STRICT, Profile
from audit.rules import RULES

RULE_IDS = {rule.id for rule in RULES}
EXPERIMENT_IDS = {experiment.id for experiment in EXPERIMENTS}


def asked(profile: Profile) -> list[str]:
    return [i for identifiers in profile.categories.values() for i in identifiers]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.name)
def test_every_name_of_a_profile_exists(profile: Profile) -> None:
    assert set(asked(profile)) <= RULE_IDS | EXPERIMENT_IDS
    assert set(profile.observations) <= RULE_IDS
    assert set(profile.reassigned) | profile.lenient <= RULE_IDS
    assert set(profile.requirements) <= {r.id for r in REQUIREMENTS}
    assert PROFILES[profile.name] is profile


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.name)
def test_nothing_is_asked_twice(profile: Profile) -> None:
    names = [*asked(profile), *profile.observations]
    assert len(names) == len(set(names))


def test_strict_asks_every_rule_and_every_experiment() -> None:
    assert set(asked(STRICT)) | set(STRICT.observations) == RULE_IDS | EXPERIMENT_IDS


def test_strict_judges_every_requirement_at_its_own_floor() -> None:
    assert STRICT.requirements == tuple(r.id for r in REQUIREMENTS)
    assert [STRICT.floor(r) for r in REQUIREMENTS] == [r.floor for r in REQUIREMENTS]
    assert not STRICT.lenient


def test_strict_asks_all_that_the_december_checkpoint_asked() -> None:
    for category, identifiers in CHECKPOINT_2025.categories.items():
        assert set(identifiers) <= set(STRICT.categories[category])


def test_the_december_checkpoint_accepts_what_is_declared() -> None:
    assert CHECKPOINT_2025.floor(requirement("8.4")) is Level.SOURCE
    assert len(asked(CHECKPOINT_2025)) == 21
    assert not set(asked(CHECKPOINT_2025)) & EXPERIMENT_IDS


def test_the_category_of_each_rule_is_the_one_it_counts_in() -> None:
    where = {i: category for category, ids in STRICT.categories.items() for i in ids}
    assert {r.id: r.category for r in RULES if r.id in where} == {r.id: where[r.id] for r in RULES if r.id in where}
