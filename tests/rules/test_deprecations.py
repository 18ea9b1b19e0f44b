"""Ten uses of what one remedy mends are one problem; two remedies are two."""

from pathlib import Path

from audit.model.facts import Deprecation, Facts
from audit.model.findings import Excerpt, Level
from audit.model.target_facts import TargetFacts
from audit.rules import every_rule
from audit.target.target_file import Target

RULE = next(rule for rule in every_rule() if rule.id == "deprecations")


def found(*deprecations: Deprecation) -> TargetFacts:
    facts = Facts(Level.SOURCE, "source", deprecations=deprecations)
    return TargetFacts(Target("cible", Path()), facts, None, None)


def old(name: str, remedy: str = "Migrer") -> Deprecation:
    return Deprecation(f"Classe `{name}` dépréciée", remedy, Excerpt(f"app/{name}.py", 3, 4, "class Config:\n    pass"))


def test_one_problem_a_cause() -> None:
    (finding,) = RULE.evaluate(found(*(old(f"m{n}") for n in range(10))))
    assert finding.problem is not None
    assert finding.problem.title == (
        "Avertissements de dépréciation : classe `m0` dépréciée, et 9\u00a0autres emplois de même remède"
    )
    assert finding.problem.places == tuple(f"app/m{n}.py:3" for n in range(10))
    assert len(finding.problem.situation) == 1


def test_two_causes_are_two_problems() -> None:
    assert len(RULE.evaluate(found(old("a"), old("b", "Autre remède")))) == 2
