"""The first screen of a checkpoint answers: validated, on what, with what reserve, what to check, what to do first."""

import json
from pathlib import Path
from typing import Any

import pytest

from audit.report.first_screen import brief
from audit.report.markdown import render_markdown
from audit.report.strike_section import worst_rows
from audit.target.commit import commit_of
from tests.unit.audit.report.hand_made import finding, problem

Journal = dict[str, Any]
_COMMIT = "0123456789" * 4


def screen(journal: Journal) -> str:
    return render_markdown(journal).replace("\u00a0", " ").partition("\n---\n")[0]


def crowded(strict: Journal) -> Journal:
    """Twenty problems, twenty-five points left open, as a stranger's project has."""
    left = [
        finding("indéterminé", f"Point {n}", f"rule-{n}", missing="un rôle")
        | {"severity": "critique" if n > 20 else "mineur"}
        for n in range(25)
    ]
    places = [f"app/m{n}.py:{n + 1}" for n in range(20)]
    problems = [
        problem(n + 1, f"Faute {n}", "Corriger") | {"places": [p], "sentence": "x"} for n, p in enumerate(places)
    ]
    return strict | {"problems": problems, "unattached": left}


def test_it_holds_on_a_screen_however_much_there_is_to_say(strict: Journal) -> None:
    told = screen(crowded(strict))
    assert len(told.splitlines()) <= 40
    assert "26 points, dont 4 critiques ; en section 6, `rule-" in told
    assert "Puis, en section 3 : Faute 4 (mineur, `app/m4.py:5`) ; " in told
    assert "Faute 19 (mineur, `app/m19.py:20`)" in told, "no problem is further than the first screen"
    assert told.count("☐ oui ☐ non") >= 3


def test_the_most_serious_points_and_problems_come_first_with_their_place(strict: Journal) -> None:
    told = screen(crowded(strict))
    assert told.index("`rule-21`") < told.index("| mineur |") if "| mineur |" in told else "`rule-21`" in told
    assert "1. Mineur - Faute 0 : Corriger - `app/m0.py:1`" in told
    assert told.count(" - Faute ") <= 5


def test_a_row_says_what_proves_and_what_that_does_not_prove(strict: Journal) -> None:
    strict["requirements"][0]["unproved"] = "passerelle simulée"
    told = screen(strict)
    assert (
        "| 8.1 Envoi Message 1 sans Admin Connecté | ✅ CONFORME (exécuté) | "
        "Les 120 Message 1 sont arrivés une seule fois | passerelle simulée |"
    ) in told
    assert "| 8.2 Traitement Webhooks sans Admin Connecté | ❌ NON CONFORME" in told


def test_what_was_audited_is_said_with_the_tool(strict: Journal) -> None:
    strict["volatile"] |= {"commit": _COMMIT, "tool_digest": "e" * 64}
    told = screen(strict)
    assert f"commit `{_COMMIT[:12]}`, empreinte de l'arbre `0123456789ab`" in told
    assert "29 décembre 2025 à 10 h 00 UTC, profil `strict`, niveau `execution`, checkpoint-audit 0.1.0" in told
    assert "(empreinte de l'outil `eeeeeeeeeeee`)" in told
    assert "☐ accepté ☐ accepté avec réserves ☐ refusé" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Court.", "Court"),
        ("Première phrase. Deuxième phrase.", "Première phrase"),
        ("Personne ne peut être connecté (ni compte ni session) : 3 sur 3", "3 sur 3"),
        ("À 99.9 reste entier", "À 99.9 reste entier"),
        ("mot " * 60 + "fin", "mot " * 42 + "…"),
        (
            "Un début assez long pour être gardé tel quel, puis " + "x" * 200,
            "Un début assez long pour être gardé tel quel …",
        ),
    ],
)
def test_a_sentence_is_told_in_brief(text: str, told: str) -> None:
    assert brief(text) == told


def test_a_code_span_is_never_cut() -> None:
    assert brief("`" + "a b, " * 60 + "`").count("`") % 2 == 0


def test_the_worst_faults_of_a_soak_are_those_that_lost_then_the_slowest() -> None:
    def row(title: str, lost: int, recovery: str) -> Journal:
        return {"title": title, "lost": lost, "duplicated": 0, "uncertain": 0, "wrong": 0, "recovery": recovery}

    rows = [
        row("a", 0, "1,20 s"),
        row("b", 0, "2 s en moyenne, 1\u00a0003,50 s au plus"),
        row("c", 1, "-"),
        row("d", 0, "3 s"),
    ]
    assert [r["title"] for r in worst_rows({"rows": rows})] == ["c", "b", "d"]


def git(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / ".git" / name.replace("__", "/").replace("packed_refs", "packed-refs")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"HEAD": _COMMIT + "\n"}, _COMMIT),
        ({"HEAD": "ref: refs/heads/main\n", "refs__heads__main": _COMMIT}, _COMMIT),
        ({"HEAD": "ref: refs/heads/main\n", "packed_refs": f"# pack\n{_COMMIT} refs/heads/main\n"}, _COMMIT),
        ({"HEAD": "ref: refs/heads/other\n", "refs__heads__main": _COMMIT}, ""),
        ({"HEAD": "ref: refs/heads/../../../secret\n"}, ""),
        ({"HEAD": "<script>"}, ""),
        ({}, ""),
    ],
)
def test_the_commit_is_read_and_nothing_else(tmp_path: Path, files: dict[str, str], found: str) -> None:
    root = git(tmp_path / "below", **files)
    root.mkdir(exist_ok=True)
    (tmp_path / ".git").write_text("gitdir: /nowhere", encoding="utf-8")
    assert commit_of(root) == found


def test_a_journal_of_before_is_still_rendered() -> None:
    old = Path(__file__).parents[4] / "reports" / "2026-11-24-famille-8-strict.json"
    assert "⚠️ VALIDATION SOUS RÉSERVE" in screen(json.loads(old.read_text(encoding="utf-8")))
