import re
from collections import Counter

import pytest

from audit.model.findings import Level
from audit.requirements.catalogue import AUTONOMY, COMPENSATIONS, PHASES, REQUIREMENTS, Phase, phase_of, requirement
from audit.rules import every_rule


def test_the_six_criteria_of_family_8() -> None:
    assert [r.id for r in AUTONOMY] == ["8.1", "8.2", "8.3", "8.4", "8.5", "8.6"]
    assert {r.family for r in AUTONOMY} == {"8"}
    assert requirement("8.4") is AUTONOMY[3]


def test_the_catalogue_holds_every_criterion_in_order_once() -> None:
    counts = Counter(r.family for r in REQUIREMENTS)
    assert counts == {"4": 8, "5": 7, "6": 5, "7": 6, "8": 6, "9": 5, "10": 6}
    assert list(counts) == [p.family for p in PHASES if p.family]
    assert [r.id for r in REQUIREMENTS] == [f"{f}.{n}" for f, count in counts.items() for n in range(1, count + 1)]
    assert phase_of("9") == Phase(8, "Audit Statistiques", "9")
    assert phase_of("1") is None


def test_an_unknown_requirement() -> None:
    with pytest.raises(KeyError):
        requirement("8.7")


def test_each_requirement_says_what_would_settle_it() -> None:
    for entry in REQUIREMENTS:
        assert entry.title, entry.id
        assert entry.criterion.endswith("."), entry.id
        assert entry.heading, entry.id
        assert entry.settles, entry.id
        assert (entry.floor is Level.SOURCE) == (entry.family == "10"), entry.id


def test_uptime_is_only_known_by_measurement() -> None:
    assert [r.id for r in REQUIREMENTS if r.floor is Level.MEASUREMENT] == ["8.4"]


def test_compensations_bind_rules_that_exist() -> None:
    rules = {rule.id for rule in every_rule()}
    for entry in COMPENSATIONS:
        assert {entry.defect, entry.control} <= rules
        assert requirement(entry.requirement)
        assert entry.covers
        assert entry.residual, "a compensation never covers everything"


def test_phases_follow_each_other() -> None:
    assert [p.number for p in PHASES] == list(range(3, 11))
    assert all(re.fullmatch(r"\d+|", p.family) for p in PHASES)
    assert len({p.family for p in PHASES}) == len(PHASES)
