"""How serious a point is that was not settled, and what a problem tells of every place at fault."""

from dataclasses import replace
from typing import Any

import pytest

from audit.journal.journal_file import Volatile, build
from audit.model.findings import Evidence, Excerpt, Level, Outcome, Severity
from audit.rules import Rule
from audit.rules.practice import Fault, failed
from audit.rules.role_names import ROLES_IN_FRENCH
from audit.target.target_file import ROLES
from tests.unit.audit.examples import GUIDE, examination, finding, rule

WHEN = Volatile("2026-01-01", "2026-01-01T00:00:00+00:00", 1.0, "audit run", "", "Linux")


def journal(*rules: Rule) -> dict[str, Any]:
    asked = examination(*rules)
    for _, identifier in asked.tests():
        asked.findings(identifier)
    return build(asked, "a" * 64, WHEN, None)


def grave(identifier: str, *answers: Outcome) -> Rule:
    return replace(rule(identifier, *answers), guide=replace(GUIDE, severity=Severity.CRITICAL))


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ((grave("a", Outcome.UNDETERMINED), rule("b", Outcome.UNDETERMINED)), ["a"]),
        ((grave("a", Outcome.ESTABLISHED), rule("b", Outcome.UNDETERMINED)), []),
    ],
)
def test_only_a_critical_point_left_open_is_a_reserve(rules: tuple[Rule, ...], left: list[str]) -> None:
    assert journal(*rules)["verdict"]["open_critical"] == left


def test_a_minor_fault_that_refuses_a_requirement_is_major() -> None:
    (told,) = journal(rule("a", Outcome.DEFECT), rule("b", Outcome.ESTABLISHED))["problems"]
    assert (told["severity"], told["impact"]) == ("majeur", "Élevé : demandé par l'exigence 8.4, refusée sans cela")
    (alone,) = journal(rule("a", finding(Outcome.DEFECT, rule="a", requirements=()), requirements=()))["problems"]
    assert (alone["severity"], alone["impact"]) == ("mineur", "Faible")


def test_a_practice_at_fault_in_many_places_names_them_all_and_says_why() -> None:
    excerpts = [Excerpt("app/a.py", n, n, f"ligne {n}") for n in range(1, 18)]
    (found,) = failed(
        GUIDE,
        "titre",
        [Fault(f"faute {e.first_line}", e) for e in excerpts],
        Evidence(Level.SOURCE, "source", "d" * 64),
    )
    assert found.problem is not None
    assert len(found.problem.situation) == 5
    (told,) = journal(rule("a", replace(found, rule="a"), requirements=()))["problems"]
    assert told["places"] == [f"app/a.py:{n}" for n in range(1, 18)]
    assert told["sentence"] == "Cela ne tient pas : faute 1 ; faute 2 ; faute 3 (et 14 autres)"


def test_every_role_has_its_french() -> None:
    assert ROLES_IN_FRENCH.keys() == ROLES.keys()
    assert not set(ROLES_IN_FRENCH.values()) & set(ROLES.values())
