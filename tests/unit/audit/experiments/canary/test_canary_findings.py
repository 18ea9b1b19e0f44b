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
    "canary-asked": {
        "different": [],
        "settings": 20,
        "tasks": 1,
        "pool": "prefork",
        "processes": 2,
        "prefetch_count": 2,
    },
    "canary-poison": {"deliveries": 1, "seconds": 10.0, "given_up": True},
    "canary-reserved": {"reserved": 0, "behind": 24, "concurrency": 2},
    "canary-child-killed": {},
    "canary-sigterm": {"stop_seconds": 1.5, "boot_seconds": 2.0},
    "canary-broker-restarted": {"loads": [{"slots": "1 place libre sur 2"}], "died_with": "1 place libre sur 2"},
    "canary-chord": {"backend": "redis", "bodies": 1},
    **{
        name: {"loads": [{"slots": "1 place libre sur 2"}], "died_with": "1 place libre sur 2"}
        for name in ("canary-connections-cut", "canary-broker-frozen", "canary-broker-emptied")
    },
    "canary-delayed": {
        "countdown": 3.0,
        "visibility_timeout": 3600,
        "beyond": False,
        "executions": 1,
        "after_seconds": 3.0,
    },
    "canary-main-killed": {"boot_seconds": 2.0, "orphans": 0},
}


# What is lost there is not said of messages, or not of the target.
NOT_COUNTED = {"canary-asked", "canary-poison", "canary-chord", "canary-broker-emptied"}


def _sound(scenario: str) -> Observation:
    return Observation(scenario, sent=6, in_flight=2, executed=6, back_seconds=1.0, values={**SOUND[scenario]})


def _found(seen: Observation, context: Context = EARLY) -> tuple[Finding, ...]:
    return conclude(BY_ID[seen.scenario], seen, context)[0]


def _worker(restart: str) -> Process:
    return Process("worker", "celery worker", {}, restart, Excerpt("start.sh", 1, 1, "celery worker", "bash"))


@pytest.mark.parametrize("scenario", [q for q in BY_ID if q not in {"canary-main-killed", "canary-broker-emptied"}])
def test_a_sound_scenario_is_established_for_8_4(scenario: str) -> None:
    (finding,) = _found(_sound(scenario))
    assert (finding.outcome, finding.rule, finding.requirements) == (Outcome.ESTABLISHED, scenario, ("8.4",))


@pytest.mark.parametrize("scenario", [q for q in BY_ID if q not in NOT_COUNTED])
def test_a_lost_message_is_a_defect_with_the_settings_that_lost_it(scenario: str) -> None:
    found = _found(replace(_sound(scenario), executed=5, lost=("canari-1",)))
    lost = next(f for f in found if f.outcome is Outcome.DEFECT)
    assert "perdue" in lost.sentence
    assert "`acks_late=False`" in lost.sentence
    assert "8.4" in lost.requirements


COUNTED = [q for q in BY_ID if q not in {*NOT_COUNTED, "canary-delayed"} or q == "canary-chord"]


@pytest.mark.parametrize("scenario", COUNTED)
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


STOP: dict[str, Any] = {
    "signal": "TERM",
    "group": False,
    "soft": False,
    "reaches": True,
    "why": "",
    "path": "compose.yaml",
}
CUT: dict[str, Any] = {"by_itself": False, "seconds": 10.0, "grace": 60.0, "executed": 0, "queued": 2, "unacked": 2}


def _stopped(values: dict[str, Any], stop: dict[str, Any], settings: dict[str, Any] | None = None) -> Finding:
    seen = _sound("canary-sigterm")
    seen.values.update(values)
    context = replace(EARLY, settings={**EARLY.settings, **(settings or {})}, stop={**STOP, **stop})
    return _found(seen, context)[0]


def test_a_soft_shutdown_that_the_signal_does_not_start_is_a_defect() -> None:
    found = _stopped({"cut": CUT}, {}, {"soft_shutdown": 30})
    assert found.outcome is Outcome.DEFECT
    assert "`worker_soft_shutdown_timeout=30`" in found.sentence
    given_back = {**CUT, "by_itself": True, "seconds": 4.4, "unacked": 0}
    assert _stopped({"cut": given_back}, {"soft": True}, {"soft_shutdown": 30}).outcome is Outcome.ESTABLISHED


def test_tasks_that_the_signal_cuts_are_a_defect_unless_that_is_asked_for() -> None:
    found = _stopped({"cut_early": 2}, {"group": True})
    assert found.outcome is Outcome.DEFECT
    assert "comme le fait `compose.yaml`" in found.sentence
    assert _stopped({"cut_early": 2}, {"soft": True}).outcome is Outcome.ESTABLISHED


@pytest.mark.parametrize(
    ("values", "stop", "said"),
    [
        ({}, {"reaches": False, "why": "un shell sans `exec`"}, "garde SIGTERM pour lui"),
        ({}, {"why": "un script inconnu"}, "n'est pas connu"),
        ({"not_waited": 60.0}, {}, "trop long pour être attendu"),
    ],
)
def test_a_stop_that_the_canary_cannot_play_as_shipped_is_undetermined(
    values: dict[str, Any], stop: dict[str, Any], said: str
) -> None:
    found = _stopped(values, stop)
    assert found.outcome is Outcome.UNDETERMINED
    assert said in found.missing


def test_a_worker_that_never_comes_back_bears_on_its_return_alone() -> None:
    seen = replace(_sound("canary-main-killed"), not_played="il ne démarre plus")
    seen.values["never_back"] = "il ne démarre plus."
    (finding,) = _found(seen)
    assert (finding.outcome, finding.requirements) == (Outcome.DEFECT, ("8.5",))


def test_settings_that_the_worker_changed_are_named() -> None:
    seen = _sound("canary-asked")
    seen.values["different"] = [["task_acks_late", "True", "False"]]
    (finding,) = _found(seen)
    assert finding.outcome is Outcome.DEFECT
    assert "`task_acks_late`" in finding.sentence


def test_poison_that_nothing_stops_and_messages_kept_in_advance_are_reservations() -> None:
    poison, kept = _sound("canary-poison"), _sound("canary-reserved")
    poison.values.update(deliveries=40, given_up=False)
    kept.values["reserved"] = 16
    assert [f.outcome for f in (*_found(poison), *_found(kept))] == [Outcome.RESERVATION] * 2


def test_a_pace_that_slows_every_task_is_told_beside_what_was_played() -> None:
    seen = _sound("canary-ordinary")
    seen.values.update(paced=1, paced_sent=12, paced_seconds=3.0)
    assert [f.outcome for f in _found(seen)] == [Outcome.ESTABLISHED, Outcome.RESERVATION]
