"""`audit run` twice on a project that nobody changed writes the same report, but for what each run has of its own."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from audit.command.cli import app
from tests.acceptance.reference_copy import REPOSITORY

TARGETS = REPOSITORY / "tests" / "targets"
# In the report, what `volatile` says, and the drawing, which bears the name of the report.
OWN = re.compile(r"\*\*(?:Date|Audit|Commande|Résultat|Machine)\*\*|durée de l'audit|!\[Chronologie")


def written(root: Path, level: str, out: Path) -> tuple[dict[str, Any], list[str]]:
    """The journal and the report, without what is the run's own."""
    given = ["run", str(root), "--level", level, "--python", sys.executable, "--out", str(out), "--quiet"]
    result = CliRunner().invoke(app, given)
    assert result.exit_code in {0, 1}, result.output
    (path,) = out.glob("*.json")
    journal = json.loads(path.read_text(encoding="utf-8"))
    assert journal.pop("volatile")
    report = path.with_suffix(".md").read_text(encoding="utf-8").splitlines()
    return journal, [line for line in report if not OWN.search(line)]


@pytest.mark.parametrize(
    ("name", "level"),
    [("decembre-2025", "source"), ("django-espace", "source"), ("bonnes-pratiques", "configuration")],
)
def test_an_unchanged_project_has_the_same_report(name: str, level: str, tmp_path: Path) -> None:
    root = shutil.copytree(TARGETS / name, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__"))
    first = written(root, level, tmp_path / "first")
    assert first == written(root, level, tmp_path / "second")
    assert len(first[1]) > 50, "the report is compared, and not only its head"


def test_a_changed_project_has_another(tmp_path: Path) -> None:
    root = shutil.copytree(TARGETS / "decembre-2025", tmp_path / "project")
    first = written(root, "source", tmp_path / "first")
    file = root / "app" / "tasks" / "celery_app.py"
    file.write_text(file.read_text(encoding="utf-8").replace("task_acks_late=True", "task_acks_late=False"), "utf-8")
    second = written(root, "source", tmp_path / "second")
    assert first[0] != second[0]
    assert first[1] != second[1]
