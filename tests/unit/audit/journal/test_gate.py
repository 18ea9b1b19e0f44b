"""What lets a build pass, and what somebody accepts: none of it changes a verdict."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from audit.journal.accepted import accept
from audit.journal.fingerprints import fingerprints, in_order
from audit.journal.gate import failing
from audit.report.markdown import render_markdown
from audit.target.line_waivers import Misread
from audit.target.target_file import TargetError, load_target
from audit.target.waivers import Waiver
from tests.unit.audit.report.hand_made import finding, journal, problem, requirement

Journal = dict[str, Any]
TODAY = date(2027, 1, 1)


def fault(
    severity: str, *places: str, rule: str = "late-acknowledgement", requirements: tuple[str, ...] = ()
) -> Journal:
    more = {
        "severity": severity,
        "places": list(places),
        "sentence": "x",
        "rule": rule,
        "requirements": list(requirements),
    }
    return problem(1, f"Faute {severity}", "Corriger") | more


def of(*problems: Journal, verdict: str = "CONFORME", outcome: str = "établi") -> Journal:
    found = finding(outcome, "Tout va bien", missing="un fait") | {"severity": "mineur"}
    return journal(requirements=[requirement("8.4", "Uptime", verdict, [found])], problems=list(problems))


def waiver(rule: str = "late-acknowledgement", path: str = "", until: date = TODAY) -> Waiver:
    return Waiver(rule, path, "remplacé au printemps", "A. Martin", until)


@pytest.mark.parametrize(
    ("severity", "fails_from"), [("critique", 0), ("majeur", 1), ("mineur", 2)], ids=["critique", "majeur", "mineur"]
)
def test_a_problem_fails_from_its_severity_on(severity: str, fails_from: int) -> None:
    answers = [bool(failing(of(fault(severity)), t)) for t in ("critique", "majeur", "mineur", "indéterminé")]
    assert answers == [n >= fails_from for n in range(4)]


def test_an_open_point_fails_only_when_asked_for() -> None:
    left = of(outcome="indéterminé")
    assert failing(left, "mineur") == []
    assert failing(left, "indéterminé") == ["indéterminé: rule"]


def test_a_refused_requirement_always_fails() -> None:
    assert failing(of(verdict="NON CONFORME"), "critique") == ["8.4: NON CONFORME"]


def test_a_baseline_lets_pass_what_it_held_wherever_its_lines_moved() -> None:
    before, moved = of(fault("critique", "app/a.py:3")), of(fault("critique", "app/a.py:93"))
    assert failing(moved, "critique", before) == []
    assert failing(of(fault("critique", "app/a.py:3", "app/a.py:9")), "critique", before)
    assert failing(of(fault("critique", "app/b.py:3")), "critique", before)
    assert failing(of(fault("critique", "app/a.py:3", rule="another")), "critique", before)


def test_other_words_on_a_line_are_another_fault() -> None:
    def quoted(text: str) -> Journal:
        excerpt = {"path": "app/a.py", "first_line": 3, "last_line": 3, "text": text, "language": "python"}
        return fault("critique", "app/a.py:3") | {"situation": [excerpt]}

    assert fingerprints(quoted("x = 1")).keys() == fingerprints(quoted("  x  =  1")).keys()
    assert fingerprints(quoted("x = 1")).keys() != fingerprints(quoted("x = 2")).keys()


def test_an_accepted_problem_passes_and_is_said_by_whom_without_a_better_verdict() -> None:
    (told,), rows = accept([fault("critique", "app/a.py:3", requirements=("8.4",))], [waiver(path="app/*.py")], TODAY)
    assert [r["state"] for r in rows] == ["appliquée"]
    document = of(told, verdict="NON CONFORME") | {"waivers": rows}
    assert failing(document, "mineur") == []
    report = render_markdown(document).replace("\u00a0", " ")
    assert "accepté jusqu'au 1er janvier 2027 par A. Martin" in report
    assert "| ❌ NON CONFORME" in report
    assert "CONFORME (déclaré) |" not in report.replace("NON CONFORME (déclaré) |", "")


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (waiver(until=date(2026, 12, 31)), "expirée"),
        (waiver(rule="another"), "sans objet"),
        (waiver(path="app/b.py"), "sans objet"),
    ],
)
def test_a_waiver_that_expired_or_serves_nothing_is_a_problem_and_accepts_nothing(given: Waiver, state: str) -> None:
    told, rows = accept([fault("critique", "app/a.py:3")], [given], TODAY)
    assert [r["state"] for r in rows] == [state]
    assert [("waived" in p, p["severity"]) for p in told] == [(False, "critique"), (False, "mineur")]
    assert told[1]["number"] == 2
    assert failing(of(*told), "critique") == ["critique: Faute critique"]


def test_a_comment_accepts_its_line_and_no_other() -> None:
    written = replace(waiver(path="app/a.py"), line=3)
    told, rows = accept([fault("critique", "app/a.py:3")], [written], TODAY)
    assert ("waived" in told[0], rows[0]["path"], rows[0]["state"]) == (True, "app/a.py:3", "appliquée")
    told, rows = accept([fault("critique", "app/a.py:3", "app/a.py:9")], [written], TODAY)
    assert ("waived" in told[0], rows[0]["state"]) == (False, "sans objet")
    assert told[1]["places"] == ["app/a.py:3"]


def test_a_comment_that_says_too_little_is_a_problem_where_it_is() -> None:
    told, rows = accept([], [], TODAY, [Misread("app/a.py:3", "`until` manque")])
    assert (rows, told[0]["places"], told[0]["severity"]) == ([], ["app/a.py:3"], "mineur")
    assert "n'accepte rien : `until` manque" in told[0]["sentence"]


def test_a_problem_is_accepted_only_when_every_place_is() -> None:
    told, _ = accept([fault("critique", "app/a.py:3", "app/b.py:4")], [waiver(path="app/a.py")], TODAY)
    assert "waived" not in told[0]


def _target(tmp_path: Path, text: str) -> Path:
    (tmp_path / "audit.toml").write_text(f'[target]\nname = "x"\n{text}', encoding="utf-8")
    return tmp_path


_SOUND = 'rule = "time-limits"\nreason = "remplacé au printemps"\nwho = "A. Martin"\nuntil = 2027-03-31\n'


def test_a_waiver_is_read_from_the_target_file(tmp_path: Path) -> None:
    (read,) = load_target(_target(tmp_path, f"[[waiver]]\n{_SOUND}")).waivers
    assert (read.rule, read.path, read.who, read.until) == ("time-limits", "", "A. Martin", date(2027, 3, 31))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"time-limits"', '"8.*"'), "the id of one rule"),
        (('"time-limits"', '"*"'), "the id of one rule"),
        (('"time-limits"', '"8"'), "the id of one rule"),
        (("who", "whom"), "unknown key whom"),
        (("2027-03-31", '"toujours"'), "until must be a day"),
        (("until = 2027-03-31", ""), "until must be a day"),
        (('"remplacé au printemps"', '""'), "reason is required"),
        (('"remplacé au printemps"', '"non"'), "reason must say why"),
        (("who =", 'path = "**"\nwho ='), "path must name files"),
    ],
)
def test_a_waiver_that_waives_too_much_or_says_too_little_is_refused(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    with pytest.raises(TargetError, match=words):
        load_target(_target(tmp_path, f"[[waiver]]\n{_SOUND.replace(*change)}"))


def test_a_waiver_that_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="array of tables"):
        load_target(_target(tmp_path, f"[waiver]\n{_SOUND}"))


def test_places_follow_each_other_in_their_files_and_the_first_file_stays_first() -> None:
    assert in_order(["b.py:9", "a.py:30", "b.py:4", "a.py:4", "seul"]) == [
        "b.py:4",
        "b.py:9",
        "a.py:4",
        "a.py:30",
        "seul",
    ]
