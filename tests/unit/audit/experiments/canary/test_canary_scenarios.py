"""Each scenario over a stack whose behaviour is known: what is struck, what is counted, what is said."""

import pytest

from audit.experiments.canary.canary_stack import tally
from audit.experiments.canary.execution_ledger import Fate
from audit.experiments.canary.held_messages import MessageTexts
from audit.experiments.canary.in_flight import wait_until_at_rest
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.scenarios import SCENARIOS
from audit.experiments.canary.target_processes import TargetError
from tests.unit.audit.experiments.canary.fake_stack import ANSWERS, FakeServer, MadeStack, Play

# How long a stop is waited for.
SOON = 0.2
HELD_AT_A_GATE = ["canary-child-killed", "canary-sigterm", "canary-broker-restarted", "canary-main-killed"]


def counted(seen: Observation) -> bool:
    return not seen.not_played and seen.sent == seen.executed and seen.sent > 0 and bool(seen.timeline)


# The others take seconds, and are played below; the faults of a broker in test_broker_faults.py.
@pytest.mark.parametrize(
    "scenario",
    [
        "canary-ordinary",
        "canary-child-killed",
        "canary-sigterm",
        "canary-main-killed",
        "canary-delayed",
        "canary-chord",
        "canary-poison",
    ],
)
def test_a_scenario_counts_what_it_sent(play: Play, scenario: str) -> None:
    seen, _ = play(scenario)
    assert counted(seen)


def test_what_a_worker_answers_is_asked_without_a_message(play: Play) -> None:
    seen, _ = play("canary-asked")
    assert not seen.not_played
    assert (seen.sent, seen.executed) == (0, 0)
    assert seen.timeline


def test_a_fault_waits_until_the_worker_takes_no_message() -> None:
    """What kombu has taken from Redis and not yet written into `unacked` is nobody's."""
    taken = [MessageTexts(b"c d e", b"a b"), MessageTexts(b"d e", b"a b"), MessageTexts(b"d e", b"a b c")]
    moments = iter(taken)
    asked: list[MessageTexts] = []

    def held() -> MessageTexts:
        asked.append(next(moments, taken[-1]))
        return asked[-1]

    wait_until_at_rest(held)
    assert len(asked) > 4
    assert set(asked[-3:]) == {taken[-1]}


@pytest.mark.parametrize("scenario", HELD_AT_A_GATE)
def test_nothing_is_struck_when_nothing_is_in_flight(play: Play, scenario: str) -> None:
    seen, stack = play(scenario, starting=False)
    assert "aucune tâche n'était en vol" in seen.not_played
    assert not stack.worker.ending()


@pytest.mark.parametrize("scenario", HELD_AT_A_GATE)
def test_a_loss_is_counted(play: Play, scenario: str) -> None:
    seen, _ = play(scenario, fate=Fate.LOST, again=False)
    assert len(seen.lost) == seen.sent


def test_a_worker_without_children_has_none_to_lose(play: Play) -> None:
    seen, stack = play("canary-child-killed", threads=True)
    assert "pas d'enfants" in seen.not_played
    assert not stack.worker.ending()


def test_a_killed_childs_task_that_begins_again_is_timed(play: Play) -> None:
    seen, _ = play("canary-child-killed")
    assert seen.back_seconds is not None


def test_a_worker_deaf_to_sigterm_is_killed_and_has_no_stop_time(play: Play) -> None:
    seen, stack = play("canary-sigterm", SOON, deaf=True, server=FakeServer(unacked=2))
    assert "stop_seconds" not in seen.values
    assert stack.booted[0].ending()
    # Once more after the part whose tasks outlast the grace, and meet SIGKILL.
    assert len(stack.booted) == 3
    assert seen.values["cut"]["unacked"] == 2


def test_a_worker_that_consumes_no_more_after_its_broker_is_started_again_by_the_audit(play: Play) -> None:
    seen, stack = play("canary-broker-restarted", probe=None)
    assert seen.back_seconds is None
    assert len(stack.booted) == 2
    assert seen.values["died_with"] == "1 place libre sur 2"
    assert stack.server.done == ["kill", "start"]  # type: ignore[attr-defined]


def test_every_load_is_played_on_a_worker_that_survives(play: Play) -> None:
    seen, stack = play("canary-broker-restarted")
    assert counted(seen)
    assert [load["slots"] for load in seen.values["loads"]] == ["1 place libre sur 2", "aucune place libre sur 2"]
    assert stack.server.done == ["kill", "start"] * 2  # type: ignore[attr-defined]


def test_tasks_that_end_before_the_grace_do_not_meet_sigkill(play: Play) -> None:
    seen, _ = play("canary-sigterm", settings={"longest_task": 5.0}, stop={"grace": 30.0})
    assert "cut" not in seen.values
    assert seen.values["within"] == 5.0


def test_a_worker_that_never_comes_back_is_told_and_ends_the_scenario(fake_stack: MadeStack) -> None:
    seen = Observation("canary-main-killed")
    with pytest.raises(TargetError):
        SCENARIOS["canary-main-killed"](fake_stack(boots=1), seen)
    assert seen.values["never_back"] == "il ne démarre plus"


def test_a_worker_that_answers_otherwise_than_the_import_is_told_by_name(play: Play) -> None:
    answers = {**ANSWERS, "conf": {"task_acks_late": [True, False]}}
    seen, _ = play("canary-asked", answers=answers)
    assert seen.values["different"] == [["task_acks_late", "True", "False"]]
    seen, _ = play("canary-asked", answers={})
    assert "ne répond pas" in seen.not_played


def test_what_a_busy_worker_takes_in_advance_is_counted_without_what_it_runs(play: Play) -> None:
    seen, _ = play("canary-reserved", server=FakeServer(unacked=18))
    assert counted(seen)
    assert (seen.values["reserved"], seen.values["concurrency"]) == (16, 2)


def test_a_private_server_that_does_not_come_back_concludes_nothing(play: Play) -> None:
    seen, _ = play("canary-broker-restarted", server=FakeServer(comes_back=False))
    assert "serveur privé" in seen.not_played


def test_a_message_delayed_beyond_a_short_visibility_timeout_meets_a_second_worker(play: Play) -> None:
    seen, stack = play("canary-delayed", settings={"visibility_timeout": 1}, repeats=2, fate=Fate.TWICE)
    assert seen.values["beyond"]
    assert seen.values["executions"] == 2
    assert len(stack.booted) == 2


ENTRY = {"words": ["./start.sh"], "scripts": {"start.sh": "celery worker"}, "first": True, "told": "`start.sh`"}


def test_a_shipped_script_starts_every_worker_that_is_stopped_and_no_other(play: Play) -> None:
    seen, stack = play("canary-sigterm", stop={"entry": ENTRY, "grace": 30.0}, settings={"longest_task": 5.0})
    assert seen.values["through"] == "`start.sh`"
    assert stack.booted_through == [True, True]
    assert not stack.through
    assert stack.shaken


def test_a_script_that_does_not_start_the_worker_leaves_it_to_the_reading(play: Play) -> None:
    seen, stack = play("canary-sigterm", stop={"entry": ENTRY}, entry_fails=True)
    assert seen.values["entry_failed"] == "le script s'arrête"
    assert not any(stack.booted_through)
    assert "stop_seconds" in seen.values


def test_a_worker_that_never_hears_the_signal_goes_on_executing_and_is_not_stopped_twice(play: Play) -> None:
    seen, _ = play("canary-sigterm", SOON, deaf=True, stop={"entry": ENTRY, "reaches": False})
    assert seen.values["went_on"] == 4
    assert "cut" not in seen.values


def test_a_delay_beyond_a_long_visibility_timeout_is_played_at_a_smaller_scale(play: Play) -> None:
    seen, stack = play("canary-delayed", longest_delay=86400.0, repeats=2, fate=Fate.TWICE)
    assert (seen.values["scaled"], seen.values["executions"]) == (2, 2)
    assert len(stack.booted) == 2
    seen, stack = play("canary-delayed", longest_delay=60.0)
    assert (seen.values["scaled"], len(stack.booted)) == (None, 1)


def test_each_fate_is_entered_where_it_belongs() -> None:
    seen = Observation("canary-main-killed")
    tally(seen, {fate.value: fate for fate in Fate})
    assert (seen.lost, seen.twice, seen.waiting, seen.due) == (("lost",), ("twice",), ("held",), ("due",))
    assert seen.unsettled == ("queued", "running", "unknown")
    assert (seen.sent, seen.executed) == (len(Fate), 3)


def test_a_long_soft_shutdown_is_played_once_and_gives_its_stop_time(play: Play) -> None:
    seen, stack = play("canary-sigterm", settings={"soft_shutdown": 30.0}, stop={"soft": True, "grace": 60.0})
    assert seen.values["cut"]["by_itself"]
    assert seen.values["stop_seconds"] == seen.values["cut"]["seconds"]
    assert len(stack.booted) == 2
