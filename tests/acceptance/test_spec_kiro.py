"""A target beside its Kiro spec: the report says what does not hold together, and only where there is a spec."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from audit.command.cli import app
from audit.command.run_setup import prepare
from audit.journal.journal_file import JournalError, build, check
from audit.judging.examination import Examination
from audit.reading.kiro.spec_files import HOME
from audit.report.markdown import render_markdown
from tests.acceptance.fixed_run import FIXED
from tests.acceptance.reference_copy import REPOSITORY

TARGET = REPOSITORY / "tests" / "targets" / "spec-kiro"
GOLDEN = REPOSITORY / "tests" / "golden" / "spec-kiro-tracabilite.md"
SPEC = f"{HOME}/comprehensive-audit-2025"
SOUND_TASKS = "- [x] 1. Tout\n  - _Requirements: 8, 9, 11_\n- [x] 2. Checkpoint - Tout\n"


def examine(root: Path) -> Examination:
    examination = prepare(root, "checkpoint-2025", "source")
    for _, identifier in examination.tests():
        examination.findings(identifier)
    return examination


def journal_of(root: Path) -> dict[str, Any]:
    return build(examine(root), "0" * 64, FIXED, None)


def section(text: str) -> str:
    told = text[text.index("## 7. Traçabilité") : text.index("\n**Validé par**")]
    return told.removesuffix("\n---\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TARGET, tmp_path / "target"))


def test_the_section_is_the_golden_one() -> None:
    text = section(render_markdown(journal_of(TARGET)))
    assert text == GOLDEN.read_text(encoding="utf-8"), (
        "python -m tests.acceptance.test_spec_kiro writes it; read every changed sentence"
    )


def test_the_spec_names_itself_and_its_checkpoint_where_the_target_file_does_not(root: Path) -> None:
    target = journal_of(root)["target"]
    assert (target["spec"], target["task"]) == (
        "comprehensive-audit-2025",
        "14. Checkpoint - Validation workers Celery",
    )
    (root / "audit.toml").write_text('[checkpoint]\nspec = "mine"\ntask = "3. T"\n', encoding="utf-8")
    target = journal_of(root)["target"]
    assert (target["spec"], target["task"]) == ("mine", "3. T")


def test_the_numbers_of_another_spec_are_not_ours(root: Path) -> None:
    (root / SPEC).rename(root / HOME / "boutique")
    journal = journal_of(root)
    assert len(journal["traceability"]["uncovered"]) == journal["traceability"]["criteria"]
    assert journal["target"]["task"] == ""
    with (root / "audit.toml").open("a", encoding="utf-8") as file:
        file.write('[criteria]\n"8.4" = "late-acknowledgement, sleep-within-limit"\n')
    journal = journal_of(root)
    assert "8.4" not in [c["identifier"] for c in journal["traceability"]["uncovered"]]
    told = section(render_markdown(journal))
    assert "| 8.4 | `late-acknowledgement` | établi |\n| 8.4 | `sleep-within-limit` | non posée |\n" in told


def test_a_spec_that_holds_together_says_so_in_one_sentence(root: Path) -> None:
    requirements = root / SPEC / "requirements.md"
    text = requirements.read_text(encoding="utf-8")
    requirements.write_text(text[: text.index("### Requirement 11")], encoding="utf-8")
    (root / SPEC / "tasks.md").write_text(SOUND_TASKS.replace(", 11", ""), encoding="utf-8")
    (root / SPEC / "design.md").unlink()
    told = section(render_markdown(journal_of(root)))
    assert "Chaque critère est cité par une tâche et couvert par une règle" in told
    assert "**" not in told


def test_a_target_without_spec_has_neither_section_nor_journal_entry(root: Path) -> None:
    shutil.rmtree(root / ".kiro")
    journal = journal_of(root)
    assert "traceability" not in journal
    assert "Traçabilité" not in render_markdown(journal)


@pytest.mark.parametrize(
    ("key", "value"), [("uncited", "aucun"), ("dangling", [{"text": "8.9", "place": "x", "missing": []}]), ("more", 1)]
)
def test_a_journal_whose_section_breaks_its_schema_is_refused(root: Path, key: str, value: object) -> None:
    journal = journal_of(root)
    journal["traceability"][key] = value
    with pytest.raises(JournalError, match="traceability"):
        check(journal)


@pytest.mark.parametrize(
    ("key", "value"), [("uncited", None), ("criteria", 0), ("tasks", 0), ("criteria", 1), ("dangling", None)]
)
def test_a_journal_that_concludes_from_files_that_were_not_read_is_refused(root: Path, key: str, value: object) -> None:
    (root / SPEC / "tasks.md").write_text("- [ ] 1. T\n", encoding="utf-8")
    journal = journal_of(root)
    journal["traceability"][key] = value
    with pytest.raises(JournalError, match="traceability"):
        check(journal)


def test_a_hostile_spec_ends_and_shows_no_live_html(root: Path, tmp_path: Path) -> None:
    live = "<img src=x onerror=alert(2)>[a](javascript:alert(3))`|"
    spec = root / SPEC
    rows = "".join(f"{n}. {live}\n" for n in range(1, 900))
    (spec / "requirements.md").write_text(f"# Requirement 8: {live}\n## Acceptance Criteria\n{rows}", encoding="utf-8")
    tasks = f"- [ ] {live}\n- [ ] 1. Checkpoint {live}\n  - _Requirements: {live}, 9.1_\n" + "  " * 80 + "- deep\n"
    (spec / "tasks.md").write_text(tasks, encoding="utf-8")
    (spec / "design.md").write_bytes(b"\xff" * 5_000_000)
    (spec / "loop").symlink_to(spec)
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["run", str(root), "--level", "source", "--out", str(out)])
    assert result.exit_code in {0, 1}, result.output
    told = section(next(out.glob("*.md")).read_text(encoding="utf-8"))
    tokens = [
        t for token in MarkdownIt("commonmark").enable("table").parse(told) for t in (token, *(token.children or ()))
    ]
    assert "onerror" in told
    assert not [t.content for t in tokens if t.type.startswith(("html", "link", "image"))]
    assert "et 849 autres" in told
    traced = json.loads(next(out.glob("*.json")).read_text(encoding="utf-8"))["traceability"]
    assert traced["unread"] == [[f"{SPEC}/design.md", "plus de 2 Mo"]]
    assert {f["place"] for f in traced["flaws"]} == {"tasks.md:1", "tasks.md:3"}


if __name__ == "__main__":
    GOLDEN.write_text(section(render_markdown(journal_of(TARGET))), encoding="utf-8")
