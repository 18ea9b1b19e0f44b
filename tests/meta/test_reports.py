"""Every committed checkpoint is what its journal renders, to the letter, and the index names it."""

from pathlib import Path

import pytest

from audit import journal
from audit.report.markdown import render_markdown
from checks.index import index

REPORTS = Path(__file__).resolve().parents[2] / "reports"
JOURNALS = sorted(REPORTS.glob("*-famille-*.json"))


@pytest.mark.parametrize("path", JOURNALS, ids=lambda p: p.stem)
def test_the_report_is_what_its_journal_says(path: Path) -> None:
    assert render_markdown(journal.read(path)) == path.with_suffix(".md").read_text(encoding="utf-8")


def test_the_index_is_what_the_journals_say() -> None:
    text = (REPORTS / "README.md").read_text(encoding="utf-8")
    assert JOURNALS
    assert text == index(REPORTS), "python -m checks.index reports"
    assert all(f"({path.stem}.md)" in text and f"({path.name})" in text for path in JOURNALS)
