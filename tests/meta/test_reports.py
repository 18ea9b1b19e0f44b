"""Every committed checkpoint is what its journal renders, to the letter, and the index names it."""

from pathlib import Path

import pytest

from audit import journal
from audit.report.markdown import render_markdown

REPORTS = Path(__file__).resolve().parents[2] / "reports"
JOURNALS = sorted(REPORTS.glob("*.json"))


@pytest.mark.parametrize("path", JOURNALS, ids=lambda p: p.stem)
def test_the_report_is_what_its_journal_says(path: Path) -> None:
    assert render_markdown(journal.read(path)) == path.with_suffix(".md").read_text(encoding="utf-8")


def test_the_index_names_every_checkpoint() -> None:
    index = (REPORTS / "README.md").read_text(encoding="utf-8")
    assert JOURNALS
    assert all(f"({path.stem}.md)" in index and f"({path.name})" in index for path in JOURNALS)
