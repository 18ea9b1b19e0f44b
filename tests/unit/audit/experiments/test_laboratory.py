"""The laboratory on a fake stack: every fault strikes, every loss and every duplicate is named, nothing struck is nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.command.laboratory_record import save
from audit.experiments.evidence_files import Soak
from audit.experiments.evidence_files import read as read_evidence
from audit.experiments.laboratory import laboratory_session as session
from audit.experiments.laboratory.fault_catalogue import CLASSES, CRASH_POINTS, FAULTS, Fault
from audit.experiments.laboratory.fault_driver import FaultDriver
from audit.experiments.laboratory.laboratory_session import FIRE, Plan, Size, document, planned, run
from audit.experiments.laboratory.recount import recounted
from audit.experiments.laboratory.schedule_run import Patience, play
from audit.experiments.laboratory.schedules import ScheduleError, Step, drawn, enumerated, read, shrunk, written
from audit.experiments.laboratory.send_accounts import Session, gathered, settle
from audit.experiments.laboratory.service_availability import Probing, Service, measure
from audit.experiments.laboratory.strikes import strike
from tests.unit.audit.experiments.fake_laboratory import FakeLaboratory

Stack = Callable[..., FakeLaboratory]
QUICK = Patience(step=5.0, backlog=0.2, end=0.2, quiet=0.01)
SMALL = Size("fire", 1, 1, 0, 4, 0, 0.0)
NAMES = st.sampled_from(sorted(FAULTS))


@pytest.fixture
def stack() -> Iterator[Stack]:
    made: list[FakeLaboratory] = []

    def make(**switches: Any) -> FakeLaboratory:
        made.append(FakeLaboratory(**switches))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def at(fault: Fault) -> str:
    """The name by which the fake stack knows where this fault strikes."""
    return fault.point or fault.id


INSIDE = [f for f in (*CRASH_POINTS, *CLASSES) if f.kind != "signal" and not f.seconds]


def test_the_fake_is_a_fault_driver(stack: Stack) -> None:
    assert isinstance(stack(), FaultDriver)


@pytest.mark.parametrize("fault", [f for f in FAULTS.values() if not f.seconds], ids=lambda f: f.id)
def test_every_fault_strikes_while_sends_are_in_flight(fault: Fault, stack: Stack) -> None:
    result = strike(stack(), fault, 4, 5.0)
    assert result.struck, result.why
    assert result.recovery is not None
    assert result.keys


@pytest.mark.parametrize("fault", INSIDE, ids=lambda f: f.id)
def test_a_loss_and_a_duplicate_at_every_fault_are_named(fault: Fault, stack: Stack) -> None:
    for switch, name in (("loses_at", "envois perdus"), ("doubles_at", "envois doublés")):
        outcome = run(stack(**{switch: frozenset({at(fault)})}), Plan((Step(fault.id, 4),)), SMALL, patience=QUICK)
        assert list(outcome.result.wrongs) == [name]
        keys = outcome.result.wrongs[name]
        assert all(key.startswith("k") for key in keys)
        assert keys == outcome.result.by_strike[0].account.lost + outcome.result.by_strike[0].account.duplicated


@pytest.mark.parametrize("fault", INSIDE, ids=lambda f: f.id)
def test_what_must_not_happen_is_named(fault: Fault, stack: Stack) -> None:
    outcome = run(stack(wrong_at=frozenset({at(fault)})), Plan((Step(fault.id, 4),)), SMALL, patience=QUICK)
    assert outcome.result.wrongs == {"webhooks inattendus": ("FIRE1 : faux",)}


@pytest.mark.parametrize(
    ("fault", "switches", "words"),
    [
        ("before-claim/main", {"unreachable": frozenset({"before-claim"})}, "hors d'atteinte"),
        ("broker-cut", {"unreachable": frozenset({"broker-cut"})}, "hors d'atteinte"),
        ("kill-main", {"in_flight": 0}, "aucun envoi n'est arrivé à la passerelle"),
        ("before-post/child", {"in_flight": 0}, "aucun envoi n'était en vol"),
    ],
)
def test_what_did_not_strike_says_why_and_is_not_counted(
    fault: str, switches: dict[str, Any], words: str, stack: Stack
) -> None:
    outcome = run(stack(**switches), Plan((Step(fault, 4),)), SMALL, patience=replace(QUICK, step=0.2))
    (only,) = outcome.played.strikes
    assert not only.struck
    assert only.why == words
    assert len(outcome.played.failed) == 5


def test_a_stack_that_does_not_resume_is_seen(stack: Stack) -> None:
    result = strike(stack(resumes=False), FAULTS["kill-main"], 4, 5.0, 0.1)
    assert result.struck
    assert result.recovery is None


def test_a_stack_that_stays_open_is_not_settled_and_its_dates_were_moved(stack: Stack) -> None:
    driver = stack(settles=False)
    outcome = run(driver, Plan((Step("kill-child", 4),)), SMALL, patience=replace(QUICK, hasten=0.05))
    assert not outcome.settled
    assert driver.hastened > 1


@pytest.mark.parametrize("slowly", ["open", "unwritten"])
def test_what_is_slow_is_waited_for_and_not_called_lost(slowly: str, stack: Stack) -> None:
    driver = stack(resumes=False, slowly=slowly, answered=frozenset({"FIRE1"}))
    driver.launch(5)
    assert settle(driver, 0.02, 0.01, 0.01)
    account = recounted(gathered(driver, (), Session())).sends
    assert (account.accepted, account.lost) == (5, ())


@pytest.mark.parametrize("answered", [frozenset(), frozenset({"FIRE1"})])
def test_what_is_lost_is_not_waited_for_without_end(answered: frozenset[str], stack: Stack) -> None:
    driver = stack(loses_at=frozenset({""}), answered=answered)
    driver.launch(2)
    assert settle(driver, 0.02, 0.01, 0.01)
    assert recounted(gathered(driver, (), Session())).sends.lost == ("k001",)


def test_a_session_that_cannot_be_ended_still_names_what_it_lost(stack: Stack) -> None:
    plan = Plan((Step("before-claim/child", 4),), (), (Step("kill-child", 4),))
    driver = stack(loses_at=frozenset({"before-claim"}), second_worker=False)
    outcome = run(driver, plan, SMALL, patience=QUICK)
    assert outcome.cut_short == "le second worker ne démarre pas"
    assert list(outcome.result.wrongs) == ["envois perdus"]
    assert len(outcome.played.strikes) == 1


def test_nothing_is_played_after_the_time_is_over(stack: Stack) -> None:
    assert play(stack(), [Step("kill-child", 4)], patience=Patience(until=0.0)).strikes == []


def in_time(driver: FakeLaboratory, service: Service) -> int:
    session = Session(asked=service.asked, deadline_seconds=service.deadline_seconds)
    return recounted(gathered(driver, (), session)).in_time


def test_service_is_measured_with_every_worker_killed_in_turn(stack: Stack) -> None:
    driver = stack()
    driver.add_worker()
    service = measure(driver, Probing(1.2, period_seconds=0.4, deadline_seconds=0.3, least=0))
    assert service.workers == 2
    assert len(service.crashes) >= 2
    assert in_time(driver, service) == len(service.asked) > 0


def test_a_worker_that_never_comes_back_does_not_end_the_measure(stack: Stack) -> None:
    service = measure(stack(restarts=False), Probing(1.2, period_seconds=0.4, deadline_seconds=0.3, least=0))
    assert len(service.crashes) == 1
    assert service.elapsed_seconds >= 1.2


def test_probes_that_are_not_accepted_are_not_in_time(stack: Stack) -> None:
    driver = stack(loses_at=frozenset({""}))
    service = measure(driver, Probing(0.1, 9.0, 0.1, 0))
    assert in_time(driver, service) == len(service.asked) - len(service.asked) // 40


def test_a_session_ends_in_a_journal_that_its_reader_takes(stack: Stack, tmp_path: Any) -> None:
    size = Size("soak", 1, 0, 3, 4, 100, 0.2)
    whole = planned(size, 5)
    plan = Plan(tuple(s for s in whole.alone if "/child" in s.fault), (Step("kill-child", 4),), ())
    outcome = run(stack(), plan, size, patience=QUICK)
    about: dict[str, Any] = {
        "tool": {},
        "target": {"name": "x", "digest": "a" * 64},
        "host": "h",
        "command": "c",
        "conditions": ["tout est simulé"],
    }
    journal = document(outcome, plan, size, 5, about)
    assert [s["drawn"] for s in journal["strikes"]] == [False] * len(plan.alone) + [True]
    assert journal["sends"]["expected"] >= 100
    assert read(journal["schedule"]) == plan.steps
    path = save(journal, outcome.history, tmp_path, "soak")
    soak = read_evidence(path)
    assert isinstance(soak, Soak)
    assert soak.document["sends"] == journal["sends"]


def test_a_plan_leaves_the_freeze_to_the_end_and_covers_everything() -> None:
    plan = planned(FIRE, 3)
    assert {s.fault for s in plan.steps} == set(FAULTS)
    assert [s.fault for s in plan.together] == ["freeze"]
    assert session.planned(FIRE, 3) == plan != planned(FIRE, 4)


@given(seed=st.integers(0, 10**9), count=st.integers(0, 40))
def test_the_same_seed_gives_the_same_schedule(seed: int, count: int) -> None:
    assert drawn(seed, count) == drawn(seed, count)
    assert len(drawn(seed, count)) == count
    assert sorted(enumerated(2, 1, seed), key=str) == sorted(enumerated(2, 1, 0), key=str)


@given(steps=st.lists(st.builds(Step, NAMES, st.integers(1, 1000)), min_size=1, max_size=20))
def test_a_written_schedule_is_read_back(steps: list[Step]) -> None:
    assert read(written(steps)) == tuple(steps)


@pytest.mark.parametrize(
    "text",
    [
        "nothing",
        "kill-main:0",
        "kill-main:x",
        "kill-main:1001",
        "kill-main:-1",
        "kill-main:²",
        "kill-main:" + "9" * 5000,
        " , ",
    ],
)
def test_a_schedule_that_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(ScheduleError, match=r"unknown fault|between 1 and 1000|no fault"):
        read(text)


@given(
    others=st.lists(NAMES, max_size=25),
    guilty=st.lists(st.sampled_from(["A", "B"]), min_size=1, max_size=2, unique=True),
    data=st.data(),
)
def test_shrinking_keeps_what_fails_and_nothing_else(others: list[str], guilty: list[str], data: st.DataObject) -> None:
    steps = data.draw(st.permutations([Step(name) for name in [*others, *guilty]]))

    def fails(sample: Sequence[Step]) -> bool:
        return set(guilty) <= {s.fault for s in sample}

    smallest = shrunk(steps, fails, most_runs=10_000)
    assert sorted(s.fault for s in smallest) == sorted(guilty)


def test_shrinking_stops_after_so_many_runs() -> None:
    tried: list[int] = []
    steps = [Step("kill-main", n) for n in range(1, 40)]

    def passes(sample: Sequence[Step]) -> bool:
        tried.append(len(sample))
        return False

    assert shrunk(steps, passes, most_runs=5) == tuple(steps)
    assert len(tried) == 5
