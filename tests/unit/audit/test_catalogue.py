import re

import pytest

from audit.catalogue import COMPENSATIONS, PHASES, REQUIREMENTS, requirement
from audit.model import Level
from audit.rules import RULES


def test_the_six_criteria_of_family_8() -> None:
    assert [r.id for r in REQUIREMENTS] == ["8.1", "8.2", "8.3", "8.4", "8.5", "8.6"]
    assert {r.family for r in REQUIREMENTS} == {"8"}
    assert requirement("8.4") is REQUIREMENTS[3]


def test_an_unknown_requirement() -> None:
    with pytest.raises(KeyError):
        requirement("8.7")


def test_each_requirement_says_what_decides_it_and_what_would_settle_it() -> None:
    for entry in REQUIREMENTS:
        assert entry.title, entry.id
        assert entry.criterion.endswith("."), entry.id
        assert entry.heading, entry.id
        assert entry.settles, entry.id
        assert entry.decided_by, entry.id
        assert entry.floor >= Level.EXECUTION, entry.id


def test_uptime_is_only_known_by_measurement() -> None:
    assert [r.id for r in REQUIREMENTS if r.floor is Level.MEASUREMENT] == ["8.4"]


def test_compensations_bind_rules_that_exist() -> None:
    rules = {rule.id for rule in RULES}
    for entry in COMPENSATIONS:
        assert {entry.defect, entry.control} <= rules
        assert requirement(entry.requirement)
        assert entry.covers
        assert entry.residual, "a compensation never covers everything"


def test_phases_follow_each_other() -> None:
    assert [p.number for p in PHASES] == list(range(3, 11))
    assert all(re.fullmatch(r"\d+|", p.family) for p in PHASES)
    assert len({p.family for p in PHASES}) == len(PHASES)
