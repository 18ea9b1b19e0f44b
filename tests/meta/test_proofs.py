"""No rule makes « établi » or « sans objet » by itself: only `conclude` does, over a domain that a reading gives with its gaps."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audit.model.domains import Proof
from audit.model.findings import Evidence, EvidenceError, Finding, Level, Outcome, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.rules import Rule
from audit.target.target_file import Target
from tests.unit.audit.examples import GUIDE, SOURCE

ROOT = Path(__file__).parents[2]
RULES = ROOT / "audit" / "rules"


def _calls(path: Path, name: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name:
            yield f"{path.relative_to(ROOT)}:{node.lineno}"


def test_domains_come_from_readings_and_not_from_rules() -> None:
    """A rule that lists members by itself forgets gaps."""
    assert [place for path in RULES.glob("*.py") for place in _calls(path, "Domain")] == []
    assert [place for path in (RULES / "domains").glob("*.py") for place in _calls(path, "Domain")]


def test_nobody_else_makes_a_proof() -> None:
    importing = [path for path in (ROOT / "audit").rglob("*.py") if "model.domains import" in path.read_text("utf-8")]
    paths = [path for path in importing if path.name != "domains.py"]
    assert [place for path in paths for place in _calls(path, "Proof")] == []


READ = (Evidence(Level.SOURCE, "source", "d"),)


def _evaluated(answer: Callable[[], Finding]) -> Finding:
    rule = Rule("r", "r", (), "https://example.org", lambda _: [answer()], GUIDE, category="A")
    (finding,) = rule.evaluate(TargetFacts(Target("x", ROOT), SOURCE))
    return finding


@pytest.mark.parametrize("outcome", [Outcome.ESTABLISHED, Outcome.NOT_APPLICABLE])
@pytest.mark.parametrize("level", [Level.SOURCE, Level.EXECUTION])
def test_a_rule_that_tries_is_an_audit_error(outcome: Outcome, level: Level) -> None:
    """Nor may it say that it played something: no rule plays."""
    finding = _evaluated(lambda: Finding(outcome, "vrai", (Evidence(level, "x", "d"),)))
    assert finding.outcome is Outcome.AUDIT_ERROR
    assert "EvidenceError" in finding.sentence


def test_a_defect_turned_into_a_pass_is_refused() -> None:
    problem = Problem("t", Severity.CRITICAL, "Élevé", "corriger")
    with pytest.raises(EvidenceError, match="conclude"):
        replace(Finding(Outcome.DEFECT, "faux", READ, problem=problem), outcome=Outcome.ESTABLISHED)


def test_a_proof_cannot_be_made_by_hand_nor_changed() -> None:
    with pytest.raises(TypeError, match="only conclude"):
        Proof(Outcome.ESTABLISHED, "tout", None)
