from typing import Any

import pytest

from audit.report.journal_view import Tally, checkpoint

Journal = dict[str, Any]


def _tally(**counts: int) -> Tally:
    base = dict.fromkeys(("judged", "passed", "warned", "failed", "undetermined", "errors", "not_applicable"), 0)
    return Tally(name="x", **(base | counts))


@pytest.mark.parametrize(
    ("counts", "symbol"),
    [
        ({"judged": 2, "passed": 2, "warned": 1}, "✅"),
        ({"judged": 2, "passed": 1, "undetermined": 1}, "❔"),
        ({"judged": 2, "undetermined": 1, "failed": 1}, "❌"),
        ({"judged": 1, "errors": 1}, "❌"),
        ({"not_applicable": 1}, "➖"),
    ],
)
def test_the_worst_result_names_the_category(counts: dict[str, int], symbol: str) -> None:
    assert _tally(**counts).symbol == symbol


def test_what_does_not_apply_is_out_of_the_totals(strict: Journal) -> None:
    view = checkpoint(strict)
    assert [t.judged for t in view.tallies] == [3, 3, 2, 0]
    assert view.total.judged == 8
    assert view.total.not_applicable == 2


def test_the_first_phase_is_the_subject(december: Journal) -> None:
    assert checkpoint(december).subject == "Workers Celery"
    assert checkpoint(december | {"phases": []}).subject == "decembre-2025"


def test_a_validated_checkpoint(december: Journal) -> None:
    conclusion = checkpoint(december).conclusion
    assert (conclusion.outcome, conclusion.declared) == ("validated", True)
    assert [r.id for r in conclusion.partial] == ["8.5"]


def test_a_refused_checkpoint(strict: Journal) -> None:
    conclusion = checkpoint(strict).conclusion
    assert (conclusion.outcome, conclusion.declared) == ("refused", False)
    assert [r.id for r in conclusion.rejected] == ["8.2"]
    assert [r.id for r in conclusion.unverified] == ["8.4"]
    assert [r.id for r in conclusion.verified] == ["8.1", "8.2"]
    assert conclusion.critical == (1,)


def test_nothing_verified_is_never_a_success(december: Journal) -> None:
    requirements = [r | {"verdict": "INDÉTERMINÉ"} for r in december["requirements"]]
    assert checkpoint(december | {"requirements": requirements}).conclusion.outcome == "nothing"
    verdict = december["verdict"] | {"judged": False, "validated": False}
    assert checkpoint(december | {"verdict": verdict}).conclusion.outcome == "nothing"


def test_the_aspects_are_those_of_the_journal(december: Journal) -> None:
    expected = ("✅ 21/21 PASSED", "✅ CONFORME (déclaré)", "⚠️ PARTIEL (déclaré)")
    for level in ("source", "execution"):
        assert tuple(status for _, status in checkpoint(december | {"level": level}).aspects) == expected
    assert checkpoint(december).aspects[1][0] == "Fonctionnement autonome"


def test_requirements_no_problem_bears_on(december: Journal) -> None:
    assert checkpoint(december).untouched == ("8.1", "8.4")


def test_figures_are_shown_once_in_the_first_requirement(strict: Journal) -> None:
    first, _, third = checkpoint(strict).requirements
    assert [e["id"] for e in first.experiments] == ["autonomous-sending"]
    assert third.experiments == ()
    assert [(e["id"], where) for e, where in third.shown_elsewhere] == [("autonomous-sending", "8.1")]
    assert [e["id"] for e in checkpoint(strict).loose_experiments] == ["beat-firing"]


def test_points_say_their_level_only_when_it_differs(strict: Journal) -> None:
    first = checkpoint(strict).requirements[0]
    assert [p.level for p in first.established] == ["", "déclaré"]


def test_origins_come_strongest_first(strict: Journal) -> None:
    origins = checkpoint(strict).requirements[0].origins
    assert [(o.level, o.kind) for o in origins] == [("exécuté", "experiment"), ("déclaré", "probe")]


def test_only_a_compensated_defect_is_a_warning(december: Journal) -> None:
    last = checkpoint(december).requirements[2]
    assert [p.symbol for p in last.shortcomings] == ["⚠️"]
    bare = [*december["requirements"][:2], december["requirements"][2] | {"compensations": []}]
    assert checkpoint(december | {"requirements": bare}).requirements[2].shortcomings[0].symbol == "❌"


def test_the_undetermined_have_no_qualifier(strict: Journal) -> None:
    assert [r.qualifier for r in checkpoint(strict).requirements] == ["exécuté", "déclaré", ""]


def test_an_excerpt_is_quoted_once(december: Journal) -> None:
    december["requirements"][1]["excerpts"] = december["requirements"][0]["excerpts"]
    first, second, _ = checkpoint(december).requirements
    assert [where for _, where in first.excerpts] == [""]
    assert [where for _, where in second.excerpts] == ["8.1"]


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
