"""`checkpoint-2025` on the December application says again what the December checkpoint said, and says it was declared."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from audit.command.run_setup import prepare
from audit.french.typography import french
from audit.journal.journal_file import build
from audit.judging.examination import Examination
from audit.judging.verdict import Status, Verdict
from audit.report.markdown import render_markdown
from audit.requirements.catalogue import requirement
from audit.target.digest import tree_digest
from tests.acceptance.fixed_run import FIXED
from tests.acceptance.reference_copy import REPOSITORY

TARGET = REPOSITORY / "tests" / "targets" / "decembre-2025"
GOLDEN = REPOSITORY / "tests" / "golden" / "decembre-2025.md"
STRICT = REPOSITORY / "tests" / "golden" / "decembre-2025-strict.md"
COMPARED = REPOSITORY / "tests" / "golden" / "decembre-2025-comparaison.md"
DIGEST = tree_digest(TARGET)


# As `audit run` printed it.
FIXED_STRICT = replace(
    FIXED,
    date="2026-11-24",
    generated_at="2026-11-24T13:55:00+00:00",
    command="audit run tests/targets/decembre-2025 --level source",
    duration_seconds=0.9,
    pytest_summary="9 failed, 57 passed, 16 skipped, 1 warning in 0.23s",
)


def examine(profile: str = "checkpoint-2025") -> Examination:
    examination = prepare(TARGET, profile, "source")
    for _, identifier in examination.tests():
        examination.findings(identifier)
    return examination


def compared(then: Examination, strict: Examination) -> str:
    """What the checkpoint of December concluded, what its evidence is worth, criterion by criterion."""
    before, now = then.verdicts(), strict.verdicts()
    rows = [
        f"| {i} {requirement(i).title} | {_status(before.get(i))} | {_status(now[i])} | {now[i].reason} |" for i in now
    ]
    critical = [f.problem.title for f in strict.every_finding() if f.problem and f.problem.severity.value == "critique"]
    text = "\n".join(
        [
            "# Ce que la preuve déclarée cachait",
            "",
            "Les mêmes fichiers, ceux de l'application de décembre 2025 reconstituée d'après son checkpoint, jugés deux fois : par les 21 questions de",
            "décembre (`--profile checkpoint-2025`), puis en exigeant de chaque critère la preuve qu'il demande (`--profile strict`).",
            "",
            "| Exigence | Conclu le 29 décembre 2025 | Conclusion stricte | Pourquoi |",
            "|----------|----------------------------|--------------------|----------|",
            *rows,
            "",
            "Problèmes critiques que le checkpoint de décembre ne nommait pas :",
            *(f"- {title}" for title in dict.fromkeys(critical)),
            "",
        ]
    )
    return french(text)


def _status(verdict: Verdict | None) -> str:
    if verdict is None:
        return "non examinée"
    known = verdict.known_by if verdict.status is not Status.UNDETERMINED else None
    return verdict.status.value + (f" ({known.french})" if known else "")


@pytest.fixture(scope="module")
def december() -> Examination:
    return examine()


def test_21_tests_in_nine_categories(december: Examination) -> None:
    tests = december.tests()
    categories = list(dict.fromkeys(category for category, _ in tests))
    counts = [sum(1 for c, _ in tests if c == name) for name in categories]
    assert counts == [3, 2, 2, 1, 4, 3, 3, 2, 1]
    assert categories[0] == "Configuration Celery"
    assert {december.outcome(i) for _, i in tests} == {"établi", "réserve"}


def test_the_verdicts_of_december(december: Examination) -> None:
    verdicts = december.verdicts()
    assert {r: v.status for r, v in verdicts.items()} == {
        **dict.fromkeys(("8.1", "8.2", "8.3", "8.4"), Status.COMPLIANT),
        "8.5": Status.PARTIAL,
    }
    assert [c.name for c in verdicts["8.5"].compensations] == ["recover_interrupted_campaigns"]


def test_the_three_minor_problems(december: Examination) -> None:
    journal = build(december, DIGEST, FIXED, None)
    assert [(p["title"], p["severity"], p["impact"]) for p in journal["problems"]] == [
        ("Pas de redémarrage automatique des workers", "mineur", "Faible"),
        ("Concurrency différente entre config et start.sh", "mineur", "Faible"),
        (
            "Avertissement de dépréciation : classe interne `Config` dans `Settings`, dépréciée par Pydantic v2",
            "mineur",
            "Aucun",
        ),
    ]
    assert journal["verdict"]["validated"]


def test_the_report_is_the_golden_one(december: Examination) -> None:
    text = render_markdown(build(december, DIGEST, FIXED, None))
    assert text == GOLDEN.read_text(encoding="utf-8"), (
        "python -m tests.acceptance.test_december writes it; read every changed sentence"
    )


def test_what_declared_evidence_hides_is_the_strict_golden_report() -> None:
    strict = examine("strict")
    assert {r for r, v in strict.verdicts().items() if v.status is Status.COMPLIANT} == set()
    assert render_markdown(build(strict, DIGEST, FIXED_STRICT, None)) == STRICT.read_text(encoding="utf-8"), (
        "python -m tests.acceptance.test_december writes it; read every changed sentence"
    )


def test_what_was_concluded_then_and_now_is_told_side_by_side(december: Examination) -> None:
    text = compared(december, examine("strict"))
    assert text == COMPARED.read_text(encoding="utf-8"), "python -m tests.acceptance.test_december writes it"
    assert "| 8.5 Redémarrage Automatique Workers | PARTIEL (déclaré) | NON CONFORME (déclaré) |" in text


def test_removing_recovery_takes_the_compensation_away(tmp_path: Path) -> None:
    root = shutil.copytree(TARGET, tmp_path / "target")
    file = root / "app" / "tasks" / "celery_app.py"
    text = file.read_text(encoding="utf-8")
    assert "300.0" in text
    file.write_text(text.replace("300.0", "30000.0"), encoding="utf-8")
    assert prepare(root, "checkpoint-2025", None).verdicts()["8.5"].status is Status.NON_COMPLIANT


if __name__ == "__main__":
    GOLDEN.write_text(render_markdown(build(examine(), DIGEST, FIXED, None)), encoding="utf-8")
    STRICT.write_text(render_markdown(build(examine("strict"), DIGEST, FIXED_STRICT, None)), encoding="utf-8")
    COMPARED.write_text(compared(examine(), examine("strict")), encoding="utf-8")
