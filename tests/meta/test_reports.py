"""Every committed checkpoint is what its journal renders, to the letter, and the index names it."""

from pathlib import Path

import pytest

from audit.experiments.evidence_files import Soak, read
from audit.journal import journal_file as journal
from audit.report.markdown import render_markdown
from audit.report.soak_summary import draw_soak, render_soak
from audit.report.strike_section import draw_run, drawing_name
from checks.index import index

REPORTS = Path(__file__).resolve().parents[2] / "reports"
JOURNALS = sorted(REPORTS.glob("*-famille-*.json"))


@pytest.mark.parametrize("path", JOURNALS, ids=lambda p: p.stem)
def test_the_report_is_what_its_journal_says(path: Path) -> None:
    document = journal.read(path)
    assert render_markdown(document) == path.with_suffix(".md").read_text(encoding="utf-8")
    if name := drawing_name(document):
        assert draw_run(document) == (REPORTS / name).read_text(encoding="utf-8")


def test_the_measures_are_what_their_journals_say() -> None:
    for path in (REPORTS / "measures").glob("*.json"):
        if '"soak/1"' in path.read_text(encoding="utf-8"):
            soak = read(path)
            assert isinstance(soak, Soak)
            assert render_soak(soak.document, f"{path.stem}.svg") == path.with_suffix(".md").read_text(encoding="utf-8")
            assert draw_soak(soak.document) == path.with_suffix(".svg").read_text(encoding="utf-8")


def test_the_index_is_what_the_journals_say() -> None:
    text = (REPORTS / "README.md").read_text(encoding="utf-8")
    assert JOURNALS
    assert text == index(REPORTS), "python -m checks.index reports"
    assert all(f"({path.stem}.md)" in text and f"({path.name})" in text for path in JOURNALS)
