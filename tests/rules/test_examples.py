"""The two examples that each rule shows, and the manual prints, are answered as it says."""

import ast
import re
from pathlib import Path

import pytest

import audit.rules
from audit.model.findings import Outcome
from audit.rules import Rule, every_rule
from audit.rules.manual import explanation
from tests.rules.example_projects import answer, write

MOST_LINES = 40
_RETURNS_A_RULE = re.compile(r"\bRule\]?$")
_MAKERS = frozenset({"rule", "practice", "_required", "_retried", "_periodic", "_quality", "autonomous"})


@pytest.mark.parametrize("rule", every_rule(), ids=lambda r: r.id)
def test_the_defective_example_is_refused(rule: Rule, tmp_path: Path) -> None:
    write(tmp_path, rule.defective)
    findings = answer(rule, tmp_path)
    told = [f for f in findings if f.outcome in {Outcome.DEFECT, Outcome.RESERVATION}]
    assert told, [(f.outcome, f.sentence, f.missing) for f in findings]
    assert all(f.problem for f in told)


@pytest.mark.parametrize("rule", every_rule(), ids=lambda r: r.id)
def test_the_sound_example_is_established(rule: Rule, tmp_path: Path) -> None:
    write(tmp_path, rule.sound)
    findings = answer(rule, tmp_path)
    assert {f.outcome for f in findings} == {Outcome.ESTABLISHED}, [(f.sentence, f.missing) for f in findings]


@pytest.mark.parametrize("rule", every_rule(), ids=lambda r: r.id)
def test_examples_are_short_and_printed_whole(rule: Rule) -> None:
    page = explanation(rule)
    for files in (rule.defective, rule.sound):
        assert sum(text.count("\n") for text in files.values()) <= MOST_LINES
        assert all(text.rstrip("\n") in page and f"`{name}`" in page for name, text in files.items())


def test_each_rule_that_a_module_makes_is_discovered_once() -> None:
    """A rule made elsewhere than at the top level of a module would be asked by nobody."""
    (folder,) = map(Path, audit.rules.__path__)
    made: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.py")):
        calls = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)]
        named = [c for c in calls if isinstance(c.func, ast.Name) and c.func.id in _MAKERS and c.args]
        for call in named:
            if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str):
                made.setdefault(call.args[0].value, []).append(path.stem)
    found = {rule.id: [rule.subject] for rule in every_rule()}
    assert made == found
    assert len(found) == len(every_rule())


def test_every_maker_of_rules_is_known() -> None:
    """So that the test above misses none: whatever returns a rule, or makes one of a check, is named there."""
    (folder,) = map(Path, audit.rules.__path__)
    makers = set()
    for path in folder.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and _RETURNS_A_RULE.search(ast.unparse(node.returns or node)):
                makers.add(node.name)
    assert makers - {"_broken"} == _MAKERS - {"practice"}
