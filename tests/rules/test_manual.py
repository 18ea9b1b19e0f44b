"""`audit rules` teaches every rule, and the committed manual says what the rules say."""

import pytest
from typer.testing import CliRunner

from audit.command.cli import app
from audit.rules import Rule, every_rule
from audit.rules.manual import explanation, manual
from tests.acceptance.reference_copy import REPOSITORY


def test_the_committed_manual_is_the_generated_one() -> None:
    committed = (REPOSITORY / "audit" / "rules" / "REGLES.md").read_text(encoding="utf-8")
    assert committed == manual(every_rule()), "audit rules --markdown > audit/rules/REGLES.md"


@pytest.mark.parametrize("rule", every_rule(), ids=lambda r: r.id)
def test_every_rule_teaches_what_it_asks(rule: Rule) -> None:
    assert rule.guide is not None
    assert all((rule.guide.passes, rule.guide.fails, rule.guide.advice, rule.guide.solution, rule.guide.undetermined))
    assert not rule.guide.passes.endswith(".")
    assert rule.guide.fails != rule.guide.passes
    assert rule.guide.solution in explanation(rule)


def test_at_least_45_rules_each_with_a_public_source() -> None:
    assert len(every_rule()) >= 45
    assert all(r.reference.startswith(("https://", "spec ")) for r in every_rule())


def test_the_list_names_every_rule() -> None:
    listed = CliRunner().invoke(app, ["rules"], env={"COLUMNS": "200"})
    assert listed.exit_code == 0
    assert all(rule.id in listed.stdout for rule in every_rule())


def test_one_rule_is_explained() -> None:
    told = CliRunner().invoke(app, ["rules", "no-purge"]).stdout
    assert "Des files sont vidées" in told


def test_the_manual_is_printed_whole() -> None:
    assert CliRunner().invoke(app, ["rules", "--markdown"]).stdout == manual(every_rule())


@pytest.mark.parametrize(("name", "hint"), [("no-purges", "did you mean no-purge?"), ("zzzz", "lists them")])
def test_an_unknown_rule_is_bad_usage(name: str, hint: str) -> None:
    result = CliRunner().invoke(app, ["rules", name])
    assert (result.exit_code, hint in result.stderr) == (2, True)
