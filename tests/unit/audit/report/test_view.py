"""What the views prepare, where no test of a rendered report (test_markdown.py) would see a mistake."""

from typing import Any

from audit.report.journal_view import checkpoint

Journal = dict[str, Any]


def test_a_target_s_name_stands_in_for_no_phase(december: Journal) -> None:
    assert checkpoint(december | {"phases": []}).subject == "decembre-2025"


def test_nothing_verified_is_never_a_success(december: Journal) -> None:
    verdict = december["verdict"] | {"judged": False, "validated": False}
    assert checkpoint(december | {"verdict": verdict}).conclusion.outcome == "nothing"


def test_figures_are_shown_once_in_the_first_requirement(strict: Journal) -> None:
    first, _, third = checkpoint(strict).requirements
    assert [e["id"] for e in first.experiments] == ["autonomous-sending"]
    assert third.experiments == ()
    assert [(e["id"], where) for e, where in third.shown_elsewhere] == [("autonomous-sending", "8.1")]
    assert [e["id"] for e in checkpoint(strict).loose_experiments] == ["beat-firing"]


def test_the_same_point_is_listed_once_and_bare_defects_first(december: Journal) -> None:
    record = december["requirements"][2]
    bare = record["findings"][1] | {"rule": "retry-limit", "sentence": "Aucune reprise"}
    record["findings"] += [bare, bare | {"rule": "retry-delays"}]
    shortcomings = checkpoint(december).requirements[2].shortcomings
    assert [(p.symbol, p.sentence[:6]) for p in shortcomings] == [("❌", "Aucune"), ("⚠️", "Le scr")]


def test_an_open_point_settles_only_where_the_floor_is_reached(strict: Journal) -> None:
    record = strict["requirements"][2]
    assert checkpoint(strict).requirements[2].settling == ("un journal d'endurance de la même empreinte",)
    record["floor"] = "déclaré"
    assert checkpoint(strict).requirements[2].settling == ("renseigner `target.process_files`",)
    record |= {"known_by": "", "settles": ""}
    assert checkpoint(strict).requirements[2].settling == ()
