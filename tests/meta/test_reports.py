"""Every committed checkpoint is what its journal renders, to the letter, and the index names it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from audit.command.cli import app
from audit.journal import journal_file as journal
from checks.index import index, rendered

REPORTS = Path(__file__).resolve().parents[2] / "reports"
JOURNALS = sorted(REPORTS.glob("*-famille-*.json"))


FILES = rendered(REPORTS)
AGAIN = "python -m checks.index reports --render"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_report_is_what_its_journal_says(path: Path) -> None:
    assert FILES[path] == path.read_text(encoding="utf-8"), AGAIN


def test_ci_verifies_the_committed_reports() -> None:
    result = CliRunner().invoke(app, ["report", "verify", "--past", *map(str, JOURNALS)])
    assert (result.exit_code, result.stdout) == (0, "")
    workflow = (REPORTS.parent / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "audit report verify --past reports/*-famille-*.json" in workflow
    assert "audit report verify --past reports/*-famille-*.json" in (REPORTS.parent / ".ci" / "run").read_text()


def test_every_journal_has_its_report() -> None:
    assert {path.with_suffix(".md") for path in JOURNALS} <= FILES.keys()
    assert {path.stem for path in FILES if path.parent.name == "measures"} == {"soak", "soak-seed-2026"}


def test_the_newest_report_on_workers_is_read_in_one_sitting() -> None:
    """The first screen answers; all of it stays under three hundred lines."""
    newest = max(REPORTS.glob("*-famille-8-*.json"), key=lambda p: journal.read(p)["volatile"]["generated_at"])
    lines = FILES[newest.with_suffix(".md")].splitlines()
    assert lines.index("---") <= 40
    assert len(lines) <= 300


def test_the_index_is_what_the_journals_say() -> None:
    text = (REPORTS / "README.md").read_text(encoding="utf-8")
    assert JOURNALS
    assert text == index(REPORTS), "python -m checks.index reports"
    assert all(f"({path.stem}.md)" in text and f"({path.name})" in text for path in JOURNALS)
