"""The cover of several checkpoints: where each family stands, what moved, and never more than the journals say."""

import copy
from typing import Any

import pytest

from audit.report.cover_page import Dated, render_cover, stems_on

Journal = dict[str, Any]


def dated(journal: Journal, day: str, *, digest: str = "", figure: str = "", family: str = "8") -> Dated:
    document = copy.deepcopy(journal) | {"family": family}
    document["volatile"]["date"] = day
    document["target"]["digest"] = digest or document["target"]["digest"]
    if figure:
        document["experiments"][0]["figures"] = [["Reprise", figure], ["Comptés", "122"]]
    return Dated(f"{day}-famille-{family}-strict", "c" * 64, document)


def told(*checkpoints: Dated) -> str:
    return render_cover(checkpoints).replace("\u00a0", " ")


def test_each_family_has_its_row_with_its_verdict(strict: Journal, december: Journal) -> None:
    text = told(dated(december, "2026-11-01", family="10"), dated(strict, "2026-11-02", family="4"))
    assert text.index("| 4 Workers Celery | ❌ VALIDATION REFUSÉE |") < text.index("| 10 Workers Celery | ✅ ")
    assert "[2 novembre 2026](2026-11-02-famille-4-strict.md)" in text
    assert "2 familles examinées" in text
    assert "sous réserve, 1 non validée" in text


@pytest.mark.parametrize(("partial", "sure"), [([], 1), (["8.5"], 0)])
def test_a_family_that_is_partly_met_is_not_without_reserve(december: Journal, partial: list[str], sure: int) -> None:
    journal = december | {"profile": "strict", "verdict": december["verdict"] | {"partial": partial}}
    text = told(dated(journal, "2026-11-01", family="7"))
    assert f"{sure} validée sans réserve, {1 - sure} avec ou sous réserve" in text


def test_a_figure_that_moved_is_told_across_dates_and_a_count_is_no_measure(strict: Journal) -> None:
    text = told(*(dated(strict, f"2026-11-0{n}", figure=f) for n, f in ((1, "2,50 s"), (2, "1,25 s, sur 86 morts"))))
    assert "| Reprise (`autonomous-sending`) | 2,50 s | 1,25 s |" in text
    assert "Comptés" not in text
    same = told(*(dated(strict, f"2026-11-0{n}", figure="2,50 s") for n in (1, 2)))
    assert "Reprise" not in same
    assert "| Exigences conformes | 1 sur 3 | 1 sur 3 |" in same


def test_a_measure_renamed_or_below_what_is_shown_stays_one_row(strict: Journal) -> None:
    """« 0 s | - » read as not measured, and one measure under two names made two rows."""
    before, after = (dated(strict, f"2026-11-0{n}", figure="0 s") for n in (1, 2))
    old, new = (
        "Dernier envoi compté, après son acceptation, en",
        "Délai entre l'acceptation du dernier envoi et son décompte",
    )
    before.journal["experiments"][0]["figures"] = [[old, "0,44 s"]]
    after.journal["experiments"][0]["figures"] = [[new, "moins de 0,01 s"]]
    text = told(before, after)
    assert f"| {new} (`autonomous-sending`) | 0,44 s | moins de 0,01 s |" in text
    assert old not in text
    assert "« - » : ce checkpoint ne donne pas cette mesure" in text


def test_another_tree_is_to_be_done_again(december: Journal) -> None:
    text = told(dated(december, "2026-11-01", family="4"), dated(december, "2026-11-02", digest="f" * 64))
    assert text.count("autre empreinte : à refaire") == 1
    assert "1 non validée, incomplète ou à refaire" in text


def test_one_date_has_no_trend(strict: Journal) -> None:
    assert "rien à comparer encore" in told(dated(strict, "2026-11-01"))


@pytest.mark.parametrize("title", ["<b>x</b>", "a | b", "[x](javascript:y)"])
def test_a_target_cannot_write_the_cover(strict: Journal, title: str) -> None:
    strict["target"]["name"] = title
    strict["phases"][0]["title"] = title
    strict["experiments"][0]["figures"] = [[title, "1 s"]]
    text = told(dated(strict, "2026-11-01"), dated(strict, "2026-11-02"))
    assert "<b>" not in text
    assert "[x](javascript" not in text
    assert "| 8 a | b |" not in text


def test_the_cover_names_the_journals_it_was_made_of(strict: Journal) -> None:
    made = [dated(strict, f"2026-11-0{n}") for n in (1, 2)]
    assert stems_on(render_cover(made)) == tuple(c.stem for c in made)
