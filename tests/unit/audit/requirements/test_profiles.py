import pytest

from audit.experiments import APPRAISALS, EXPERIMENTS
from audit.experiments.canary.questions import QUESTIONS
from audit.model.findings import Level
from audit.requirements.catalogue import REQUIREMENTS, requirement
from audit.requirements.profiles import CHECKPOINT_2025, GOOD_PRACTICES, PROFILES, STRICT, Profile
from audit.rules import RULES

RULE_IDS = {rule.id for rule in RULES}
EXPERIMENT_IDS = {e.id for e in (*EXPERIMENTS, *APPRAISALS)} | {q.id for q in QUESTIONS}
BEARS_ON: dict[str, tuple[str, ...]] = {
    **{r.id: r.requirements for r in RULES},
    **{e.id: e.requirements for e in (*EXPERIMENTS, *APPRAISALS)},
    **{q.id: q.requirements for q in QUESTIONS},
}


def asked(profile: Profile) -> list[str]:
    return [i for identifiers in profile.categories.values() for i in identifiers]


EVERY = [profile for by_family in PROFILES.values() for profile in by_family.values()]
STRICT_ONES = list(PROFILES["strict"].values())


def name(profile: Profile) -> str:
    return f"{profile.name}, {profile.family}"


@pytest.mark.parametrize("profile", EVERY, ids=name)
def test_every_name_of_a_profile_exists(profile: Profile) -> None:
    assert set(asked(profile)) <= RULE_IDS | EXPERIMENT_IDS
    assert set(profile.observations) <= RULE_IDS
    assert set(profile.reassigned) | profile.lenient <= RULE_IDS
    assert set(profile.requirements) <= {r.id for r in REQUIREMENTS}
    assert PROFILES[profile.name][profile.family] is profile
    assert {r.partition(".")[0] for r in profile.requirements} == {profile.family}


@pytest.mark.parametrize("profile", EVERY, ids=name)
def test_nothing_is_asked_twice(profile: Profile) -> None:
    names = [*asked(profile), *profile.observations]
    assert len(names) == len(set(names))


def test_strict_asks_every_rule_and_every_experiment() -> None:
    names = {i for profile in STRICT_ONES for i in [*asked(profile), *profile.observations]}
    assert names == RULE_IDS | EXPERIMENT_IDS


def test_strict_judges_every_requirement_at_its_own_floor() -> None:
    assert [r for p in STRICT_ONES for r in p.requirements] == [r.id for r in REQUIREMENTS]
    assert all(p.floor(requirement(r)) is requirement(r).floor for p in STRICT_ONES for r in p.requirements)
    assert not any(p.lenient for p in STRICT_ONES)


def test_what_decides_a_requirement_is_asked_in_its_family_and_bears_on_it() -> None:
    for profile in STRICT_ONES:
        for entry in map(requirement, profile.requirements):
            for decisive in entry.decided_by:
                assert decisive in asked(profile), entry.id
                assert entry.id in BEARS_ON[decisive]


def test_every_question_of_a_family_bears_on_it() -> None:
    for profile in STRICT_ONES:
        practices = profile.categories.get(GOOD_PRACTICES, ())
        assert all(set(BEARS_ON[i]) & set(profile.requirements) for i in asked(profile) if i not in practices)


def test_strict_asks_all_that_the_december_checkpoint_asked() -> None:
    for category, identifiers in CHECKPOINT_2025.categories.items():
        assert set(identifiers) <= set(STRICT.categories[category])


def test_the_december_checkpoint_accepts_what_is_declared() -> None:
    assert CHECKPOINT_2025.floor(requirement("8.4")) is Level.SOURCE
    assert len(asked(CHECKPOINT_2025)) == 21
    assert not set(asked(CHECKPOINT_2025)) & EXPERIMENT_IDS


def test_the_category_of_each_rule_is_the_one_it_counts_in() -> None:
    for profile in EVERY:
        where = {i: category for category, ids in profile.categories.items() for i in ids}
        assert {r.id: r.category for r in RULES if r.id in where} == {r.id: where[r.id] for r in RULES if r.id in where}
