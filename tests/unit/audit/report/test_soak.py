"""The summary and the drawing of a laboratory session, and the section of a checkpoint that shows both."""

import copy
from typing import Any
from xml.etree import ElementTree

import pytest

from audit.journal import journal_file as journals
from audit.journal.strike_rows import rows
from audit.report.markdown import render_markdown
from audit.report.soak_summary import draw_soak, render_soak
from audit.report.strike_section import draw_run, drawing_name
from tests.unit.audit.experiments.soaks import sound, strike


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def of(*strikes: dict[str, Any], **other: Any) -> dict[str, Any]:
    return sound() | {"strikes": list(strikes)} | other


def test_the_summary_shows_counts_seed_replay_and_every_fault() -> None:
    text = plain(render_soak(sound(), "soak.svg"))
    assert "| Envois | 12 000 | 12 000 | 0 | 0 | 0 | 0 |" in text
    assert "| before-claim/child | 10 | 4 | 0 | 0 | 0 | 0 | 3 s en moyenne, 3 s au plus |" in text
    assert "audit fire . --seed 7 --schedule 'kill-main:4'" in text
    assert "![Chronologie des fautes](soak.svg)" in text
    assert "4 000 messages témoins sur 4 000 acceptés" in text
    assert "INDÉTERMINÉ" not in text


def test_a_schedule_too_long_for_a_line_is_replayed_by_its_seed() -> None:
    assert "audit soak . --seed 7\n" in plain(render_soak(sound() | {"schedule": "kill-main:4," * 500}, "x.svg"))


def test_losses_are_named_and_nothing_struck_is_undetermined() -> None:
    lost = {**strike("kill-main"), "lost": ["+33639980001"]}
    sends = {**sound()["sends"], "lost": ["+33639980001"]}
    text = plain(render_soak(of(lost, sends=sends), "x.svg"))
    assert "❌ Envois perdus : `+33639980001`" in text
    missed = {**strike("kill-main"), "struck": False, "why": "rien | en vol", "in_flight": 0, "recovery": None}
    text = plain(render_soak(of(missed), "x.svg"))
    assert "INDÉTERMINÉ** : aucune faute n'a frappé" in text
    assert "0 sur 1 (rien \\| en vol)" in text
    assert "INDÉTERMINÉ** : des envois étaient encore ouverts" in plain(render_soak(of(lost, settled=False), "x.svg"))


@pytest.mark.parametrize(
    ("recoveries", "told"),
    [([2.0], "2 s"), ([1.0, 2.0], "1,50 s en moyenne, 2 s au plus"), ([None], "non observée"), ([1.0, None], "1 s (non observée 1 fois)")],
)  # fmt: skip
def test_a_recovery_that_was_not_seen_is_told(recoveries: list[float | None], told: str) -> None:
    (row,) = rows([strike("kill-main", recovery=r) for r in recoveries])
    assert plain(row.recovery) == told


def test_the_drawing_is_xml_whatever_the_titles_hold_and_fetches_nothing() -> None:
    hostile = {**strike("kill-main"), "title": '<script>alert("x")</script> & co', "why": "<b>"}
    text = draw_soak(of(hostile, {**strike("broker-cut", recovery=None), "wrong": ["x"]}, duration_seconds=1e6))
    root = ElementTree.fromstring(text)
    assert "<script" not in text
    assert not [e for e in root.iter() if {"href", "{http://www.w3.org/1999/xlink}href"} & set(e.attrib)]
    assert text.count("url(") == text.count("@font-face") == 0


@pytest.mark.parametrize("seconds", [0.0, 0.4, 59, 3600, 1e5])
def test_any_length_is_drawn_inside_its_frame(seconds: float) -> None:
    text = draw_soak(of(strike("kill-main"), duration_seconds=seconds))
    width = float(ElementTree.fromstring(text).attrib["width"])
    places = [
        float(e.attrib[name])
        for e in ElementTree.fromstring(text).iter()
        for name in ("x", "x1", "x2", "cx")
        if name in e.attrib
    ]
    assert all(0 <= place <= width for place in places)


def test_no_label_is_cut_and_each_lane_says_how_long_work_took_to_resume() -> None:
    long = "SIGKILL worker : requête reçue par la passerelle, pas encore acceptée, et rien d'inscrit"
    rows_ = [{**strike("kill-main", recovery=1.5), "title": long}, {**strike("kill-main", recovery=2.5), "title": long}]
    text = plain(draw_soak(of(*rows_, {**strike("broker-cut", recovery=None), "title": "A"})))
    assert f">{long}</text>".replace("'", "&#39;") in text
    assert "…" not in text
    assert "reprise en 2,50 s au plus, 2 s en moyenne" in text
    assert text.index(">A</text>") < text.index(">SIGKILL worker"), "faults of one kind stand together"


def test_the_legend_holds_what_is_drawn_and_no_more() -> None:
    text = draw_soak(of(strike("kill-main", recovery=None)))
    assert ">faute</text>" in text
    assert "reprise</text>" not in text
    assert "inattendu</text>" not in text
    assert "inattendu</text>" in draw_soak(of({**strike("kill-main"), "wrong": ["x"]}))


@pytest.fixture
def struck(strict: dict[str, Any]) -> dict[str, Any]:
    """A checkpoint whose first experiment struck, with the soak of the same tree."""
    document = copy.deepcopy(strict)
    first = document["experiments"][0]
    first |= {"at": 0.0, "losses": {"lost": 1, "duplicated": 0, "uncertain": 0}}
    first["blows"] = [{"title": "SIGKILL, worker", "in_flight": 4, "recovery": 3.21}]
    kept = ("session", "seed", "command", "generated_at", "duration_seconds")
    told = {k: sound()[k] for k in kept}
    document["soak"] = told | {"path": "soak.json", "rows": [vars(row) for row in rows(sound()["strikes"])]}
    return document


def test_the_checkpoint_shows_its_own_faults_and_the_soak(struck: dict[str, Any]) -> None:
    journals.check(struck)
    text = plain(render_markdown(struck))
    assert "### Preuves par injection de fautes" in text
    assert "| SIGKILL du worker |" in text
    assert "| 4 | 1 | 0 | 0 | 3,21 s |" in text
    assert f"]({drawing_name(struck)})" in text
    assert "audit soak . --seed 7" in text
    assert "Reprise, dans les expériences de cet audit : " in text
    assert "Dans le journal d'endurance : de la faute" in text
    assert " fautes injectées sur " in text
    assert "0 envoi perdu, 0 doublé, 0 incertain, 0 effet inattendu. Les reprises les plus lentes : " in text
    struck["soak"]["rows"][0] |= {"lost": 2}
    harmed = plain(render_markdown(struck))
    assert "2 envois perdus, 0 doublé" in harmed
    assert "Celles qui ont fait du mal, puis les plus lentes : " in harmed
    ElementTree.fromstring(draw_run(struck))


def test_every_experiment_is_drawn_or_said_not_to_be(struck: dict[str, Any]) -> None:
    struck["experiments"][0]["timeline"] = [[1.25, "SIGKILL : worker"], [4.5, "un envoi est accepté"]]
    text = plain(draw_run(struck))
    assert "reprise en 3,21 s" in text
    assert "<rect x=" in text.partition("<g><title>")[2], "the recovery is a bar"
    assert "Sans événement à placer : Beat<" in text


def test_without_a_fault_there_is_no_such_section(strict: dict[str, Any]) -> None:
    assert "Preuves par injection de fautes" not in render_markdown(strict)
    assert not drawing_name(strict)
    assert "Reprise, dans le journal d'endurance" not in render_markdown(strict)
