"""A chord of which a task dies: what is struck, and what its end becomes."""

from functools import partial

import pytest

from audit.experiments.canary.chord_findings import judge_chord, no_chord
from audit.experiments.canary.execution_ledger import Fate
from audit.experiments.canary.scenario_counts import Observation
from audit.model.findings import Evidence, Excerpt, Finding, Level, Outcome
from audit.model.gaps import ExcludedCode, Gap, OpaqueCall
from audit.model.observations.messages import ChordUse
from tests.unit.audit.experiments.canary.fake_stack import Play

EVIDENCE = Evidence(Level.EXECUTION, "canary", "0" * 64)
SETTINGS = {"acks_late": True, "reject_on_worker_lost": False, "visibility_timeout": 3600}
CHORD = ChordUse("shop:census", Excerpt("shop.py", 3, 3, "chord(...)"), ())
GAP = OpaqueCall("shop.py", 7, "f()", "shop:f")


@pytest.fixture
def play(play: Play) -> Play:
    return partial(play, "canary-chord")


def _judged(seen: Observation, *gaps: Gap, chords: tuple[ChordUse, ...] = (CHORD,)) -> Finding:
    (found,) = judge_chord(seen, EVIDENCE, SETTINGS, chords, gaps)
    return found


def test_a_header_task_that_dies_begins_again_and_the_chord_ends(play: Play) -> None:
    seen, _ = play(settings={"result_backend_kind": "redis"})
    assert seen.sent == 3
    seen.values["bodies"] = 1
    assert _judged(seen).outcome is Outcome.ESTABLISHED


def test_a_chord_that_never_ends_is_a_defect_where_one_is_written(play: Play) -> None:
    seen, _ = play(fate=Fate.LOST, again=False)
    seen.values["bodies"] = 0
    assert _judged(seen).outcome is Outcome.DEFECT
    assert "`shop.py:3`" in _judged(seen).sentence
    assert _judged(seen, GAP, chords=()).outcome is Outcome.UNDETERMINED


def test_a_chord_that_its_backend_refuses_is_a_defect(play: Play) -> None:
    seen, stack = play(refused="NotImplementedError: no chords", settings={"result_backend_kind": "rpc"})
    assert stack.child is None
    assert "refusé à sa publication (résultats : `rpc`)" in _judged(seen).sentence.replace("\u00a0", " ")


def test_results_that_the_canary_cannot_give_conclude_nothing(play: Play) -> None:
    seen, _ = play(settings={"result_backend_replaced": "mongodb"})
    assert "`mongodb`" in seen.not_played


def test_a_worker_without_children_has_none_to_lose(play: Play) -> None:
    seen, stack = play(threads=True)
    assert "pas d'enfants" in seen.not_played
    assert not stack.worker.ending()


def test_a_target_that_surely_writes_no_chord_is_not_concerned() -> None:
    found = no_chord((), (ExcludedCode("shop.py", 1, "shop.tests"),))
    assert found is not None
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert no_chord((), (GAP,)) is None
    assert no_chord((CHORD,), ()) is None
