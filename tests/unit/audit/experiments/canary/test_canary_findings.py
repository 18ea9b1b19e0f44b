"""What each count becomes: the sentence, the outcome, the requirement."""

from dataclasses import replace
from typing import Any

import pytest

from audit.experiments.canary.canary_findings import Context, conclude
from audit.experiments.canary.questions import QUESTIONS
from audit.experiments.canary.scenario_counts import Observation, observation
from audit.model.facts import Process
from audit.model.findings import Excerpt, Finding, Outcome

BY_ID = {q.id: q for q in QUESTIONS}
EARLY = Context({"acks_late": False, "reject_on_worker_lost": False, "visibility_timeout": 3600})
SOUND: dict[str, dict[str, Any]] = {
    "canary-ordinary": {"children": 2, "concurrency": 2, "pool": "celery.concurrency.prefork"},
    "canary-child-killed": {},
    "canary-sigterm": {"stop_seconds": 1.5, "boot_seconds": 2.0},
    "canary-broker-restarted": {},
    "canary-delayed": {
        "countdown": 3.0,
        "visibility_timeout": 3600,
        "beyond": False,
        "executions": 1,
        "after_seconds": 3.0,
    },
    "canary-main-killed": {"boot_seconds": 2.0, "orphans": 0},
}


def _sound(scenario: str) -> Observation:
    return Observation(scenario, sent=6, in_flight=2, executed=6, back_seconds=1.0, values={**SOUND[scenario]})


def _found(seen: Observation, context: Context = EARLY) -> tuple[Finding, ...]:
    return conclude(BY_ID[seen.scenario], seen, context)[0]


def _worker(restart: str) -> Process:
    return Process("worker", "celery worker", {}, restart, Excerpt("start.sh", 1, 1, "celery worker", "bash"))


@pytest.mark.parametrize("scenario", [q for q in BY_ID if q != "canary-main-killed"])
def test_a_sound_scenario_is_established_for_8_4(scenario: str) -> None:
    (finding,) = _found(_sound(scenario))
    assert (finding.outcome, finding.rule, finding.requirements) == (Outcome.ESTABLISHED, scenario, ("8.4",))


@pytest.mark.parametrize("scenario", BY_ID)
def test_a_lost_message_is_a_defect_with_the_settings_that_lost_it(scenario: str) -> None:
    found = _found(replace(_sound(scenario), executed=5, lost=("canari-1",)))
    lost = next(f for f in found if f.outcome is Outcome.DEFECT)
    assert "perdue" in lost.sentence
    assert "`acks_late=False`" in lost.sentence
    assert "8.4" in lost.requirements


@pytest.mark.parametrize("scenario", [q for q in BY_ID if q != "canary-delayed"])
@pytest.mark.parametrize("field", ["twice", "due", "waiting"])
def test_a_repeated_or_retained_message_is_a_reservation(scenario: str, field: str) -> None:
    seen = _sound(scenario)
    setattr(seen, field, ("canari-1",))
    found = _found(seen)
    assert Outcome.RESERVATION in {f.outcome for f in found}
    assert Outcome.ESTABLISHED not in {f.outcome for f in found}


@pytest.mark.parametrize("scenario", BY_ID)
def test_what_was_not_played_or_not_settled_is_undetermined(scenario: str) -> None:
    for seen in (replace(_sound(scenario), not_played="pourquoi"), replace(_sound(scenario), unsettled=("canari-1",))):
        (finding,) = _found(seen)
        assert finding.outcome is Outcome.UNDETERMINED


def test_a_child_whose_task_was_not_seen_again_is_undetermined() -> None:
    (finding,) = _found(replace(_sound("canary-child-killed"), back_seconds=None))
    assert finding.outcome is Outcome.UNDETERMINED


def test_a_worker_that_dies_with_its_broker_is_a_defect() -> None:
    (finding,) = _found(replace(_sound("canary-broker-restarted"), back_seconds=None, worker_died="code 1"))
    assert finding.outcome is Outcome.DEFECT
    assert "code 1" in finding.sentence


def test_a_worker_that_does_not_stop_is_a_reservation() -> None:
    (finding,) = _found(replace(_sound("canary-sigterm"), values={}))
    assert finding.outcome is Outcome.RESERVATION


def test_renewed_children_are_told_with_the_setting_that_renews_them() -> None:
    context = replace(EARLY, settings={**EARLY.settings, "max_memory_per_child": 8000})
    seen = _sound("canary-ordinary")
    seen.values["children"] = 6
    (finding,) = _found(seen, context)
    assert finding.outcome is Outcome.ESTABLISHED
    assert "`worker_max_memory_per_child=8000`" in finding.sentence


@pytest.mark.parametrize(("delay", "outcome"), [(60.0, Outcome.DEFECT), (2.0, Outcome.RESERVATION)])
def test_a_repeated_delayed_message_is_as_grave_as_the_delays_of_the_target(delay: float, outcome: Outcome) -> None:
    seen = _sound("canary-delayed")
    seen.values.update(visibility_timeout=4, countdown=10.0, beyond=True, executions=2)
    (finding,) = _found(seen, replace(EARLY, longest_delay=delay, longest_delay_of="reprise de `x`"))
    assert finding.outcome is outcome


def test_a_message_delayed_beyond_the_visibility_timeout_that_ran_once_proves_nothing() -> None:
    seen = _sound("canary-delayed")
    seen.values.update(visibility_timeout=4, countdown=10.0, beyond=True)
    (finding,) = _found(seen)
    assert finding.outcome is Outcome.UNDETERMINED


@pytest.mark.parametrize(
    ("workers", "outcome"),
    [
        ((_worker(""),), Outcome.DEFECT),
        ((_worker(""), _worker("systemd")), Outcome.UNDETERMINED),
        ((_worker("loop"),), Outcome.UNDETERMINED),
        ((), Outcome.UNDETERMINED),
    ],
)
def test_the_canary_refutes_8_5_only_where_no_shipped_file_restarts(
    workers: tuple[Process, ...], outcome: Outcome
) -> None:
    found = _found(_sound("canary-main-killed"), replace(EARLY, workers=workers))
    (restart,) = [f for f in found if f.requirements == ("8.5",)]
    assert restart.outcome is outcome
    assert [f.outcome for f in found if f.requirements == ("8.4",)] == [Outcome.ESTABLISHED]


def test_an_observation_crosses_the_enclosure_unchanged() -> None:
    seen = replace(_sound("canary-main-killed"), lost=("a",), waiting=("b",), timeline=[(1.0, "x")])
    assert observation(seen.plain()) == seen


def test_faults_and_their_losses_go_to_the_table_of_faults() -> None:
    seen = replace(
        _sound("canary-main-killed"), lost=("a",), twice=("b",), due=("c",), waiting=("d",), back_seconds=None
    )
    record = conclude(BY_ID[seen.scenario], seen, EARLY)[1]
    assert [(b.in_flight, b.recovery) for b in record.blows] == [(2, 2.0)]
    assert record.losses == (1, 2, 1)
    assert not conclude(BY_ID["canary-ordinary"], _sound("canary-ordinary"), EARLY)[1].blows
