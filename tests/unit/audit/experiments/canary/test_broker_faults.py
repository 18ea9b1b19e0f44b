"""Connections cut, a frozen broker, an emptied one: what is struck, and what each account becomes."""

from dataclasses import replace

import pytest

from audit.experiments.canary.broker_faults import Times
from audit.experiments.canary.broker_findings import judge_emptied, judge_return
from audit.experiments.canary.execution_ledger import Fate
from audit.experiments.canary.scenario_counts import Observation
from audit.model.findings import Evidence, Excerpt, Finding, Level, Outcome
from audit.model.observations.deployment_statements import BrokerService
from tests.unit.audit.experiments.canary.fake_stack import FakeServer, Play

EVIDENCE = Evidence(Level.EXECUTION, "canary", "0" * 64)
LATE = {"acks_late": True, "reject_on_worker_lost": True, "visibility_timeout": 3600}
BRIEF = Times(shut=0.05, frozen=0.05, last=0.05, down=0.05)
STRUCK = {
    "canary-connections-cut": ["cut", "cut"],
    "canary-broker-frozen": ["freeze", "thaw"],
    "canary-broker-emptied": ["kill", "erase", "start"],
}


@pytest.mark.parametrize("scenario", STRUCK)
def test_the_broker_is_struck_on_a_worker_under_which_none_failed_before(play: Play, scenario: str) -> None:
    seen, stack = play(scenario, BRIEF)
    assert not seen.not_played
    assert seen.sent == seen.executed > 0
    assert seen.timeline
    assert stack.server.done == STRUCK[scenario]  # type: ignore[attr-defined]
    assert len(stack.booted) == len(seen.values["loads"])
    assert seen.back_seconds is not None


@pytest.mark.parametrize("scenario", STRUCK)
def test_a_worker_that_consumes_no_more_ends_the_scenario(play: Play, scenario: str) -> None:
    seen, stack = play(scenario, BRIEF, probe=None)
    assert seen.back_seconds is None
    assert len(seen.values["loads"]) == 1
    assert stack.booted[0].ending()
    found = judge_return(seen, EVIDENCE, LATE)
    assert found[0].outcome is Outcome.DEFECT
    assert "ne consomme plus" in found[0].sentence


@pytest.mark.parametrize("scenario", STRUCK)
def test_a_broker_that_answers_no_more_concludes_nothing(play: Play, scenario: str) -> None:
    seen, _ = play(scenario, BRIEF, server=FakeServer(comes_back=False))
    assert "ne répond plus" in seen.not_played


def _emptied(*shipped: BrokerService, lost: tuple[str, ...] = ("canari-1",)) -> list[Finding]:
    values = {"loads": [{"slots": "aucune place libre sur 2"}], "died_with": "aucune place libre sur 2"}
    seen = Observation("canary-broker-emptied", sent=6, in_flight=2, executed=5, lost=lost, values=values)
    found = judge_emptied(replace(seen, back_seconds=1.5), EVIDENCE, LATE, shipped)
    assert seen.lost == lost
    return found


FORGETS = BrokerService("", Excerpt("compose.yaml", 1, 2, "redis", "yaml"), ("redis",), forgets=True)
KEEPS = replace(FORGETS, forgets=False)


def test_what_an_emptied_broker_loses_is_told_by_the_shipped_files() -> None:
    lost, survived = _emptied(FORGETS)
    assert (lost.outcome, survived.outcome) == (Outcome.DEFECT, Outcome.ESTABLISHED)
    assert "`redis` de `compose.yaml:1`, qui n'écrit rien sur disque" in lost.sentence
    (kept,) = _emptied(KEEPS)
    assert kept.outcome is Outcome.ESTABLISHED
    assert (
        "1\u00a0message sur 6 est perdu avec ses données : `redis` de `compose.yaml:1` garde les siennes"
        in kept.sentence
    )


@pytest.mark.parametrize("shipped", [(), (FORGETS, KEEPS), (replace(KEEPS, unread="un fichier n'a pas été lu"),)])
def test_a_broker_whose_files_do_not_tell_is_never_called_safe(shipped: tuple[BrokerService, ...]) -> None:
    (found,) = _emptied(*shipped)
    assert found.outcome is Outcome.UNDETERMINED
    (found,) = _emptied(*shipped, lost=())
    assert found.outcome is Outcome.UNDETERMINED


def test_a_message_run_twice_after_a_cut_is_a_reservation(play: Play) -> None:
    seen, _ = play("canary-connections-cut", BRIEF, fate=Fate.TWICE)
    (found,) = judge_return(seen, EVIDENCE, LATE)
    assert found.outcome is Outcome.RESERVATION
