"""A package of somebody else adds a rule through the entry point group `audit.rules`."""

import os
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from audit.model.facts import Facts
from audit.model.findings import Level, Outcome
from audit.model.target_facts import TargetFacts
from audit.rules import every_rule
from audit.rules.third_party import GROUP, third_party_rules
from audit.target.target_file import Target
from tests.acceptance.reference_copy import REPOSITORY

TAKEN = every_rule()[:1]
PACKAGE = REPOSITORY / "tests" / "targets" / "regles-tierces"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The example package as an installer leaves it: its module, and what its pyproject.toml declares."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = tmp_path / "house_rules-1.0.dist-info"
    info.mkdir()
    (tmp_path / "house_rules.py").write_bytes((PACKAGE / "house_rules.py").read_bytes())
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = "".join(f"{name} = {value}\n" for name, value in project["entry-points"][GROUP].items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}")
    return tmp_path


def audit(*arguments: str, path: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": f"{path}{os.pathsep}{REPOSITORY}", "COLUMNS": "200"}
    command = [sys.executable, "-m", "audit", *arguments]
    return subprocess.run(command, env=environment, cwd=path, capture_output=True, text=True, check=False, timeout=120)


def test_an_installed_package_adds_its_rule(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    listed = audit("rules", path=installed)
    assert "house-result-said" in listed.stdout, listed.stderr
    explained = audit("rules", "house-result-said", path=installed)
    assert "Chaque tâche dit si son résultat est gardé" in explained.stdout, explained.stderr
    out = tmp_path_factory.mktemp("reports")
    target = str(REPOSITORY / "tests" / "targets" / "bonnes-pratiques")
    ran = audit("run", target, "--level", "source", "--out", str(out), path=installed)
    (report,) = out.glob("*.md")
    assert "Des tâches ne disent pas si leur résultat est gardé" in report.read_text(encoding="utf-8"), ran.stderr


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("absent_package:RULES", "ne se charge pas"),
        ("audit.rules.third_party:GROUP", "n'est pas une suite de règles"),
        ("tests.rules.test_third_party:TAKEN", "reprend l'identifiant `late-acknowledgement`"),
    ],
)
def test_rules_that_cannot_be_used_are_an_audit_error(value: str, words: str) -> None:
    (rule,) = third_party_rules([EntryPoint("house", value, GROUP)])
    (finding,) = rule.evaluate(TargetFacts(Target("t", Path()), Facts(Level.SOURCE, "source")))
    assert (finding.outcome, words in finding.sentence) == (Outcome.AUDIT_ERROR, True), finding.sentence
