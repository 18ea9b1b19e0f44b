from dataclasses import replace
from datetime import timedelta

import pytest

from system.domain.retry_policy import GiveUp, Retry
from system.domain.statuses import MessageStatus
from system.gateway.outcomes import Accepted, AccountStopped, Refused, Uncertain
from system.locks import send_key
from system.services.sending import Done, TransientFailure, Turn
from tests.unit.system.bench import Bench


@pytest.fixture
def message_id(bench: Bench) -> int:
    return bench.ids(bench.campaign())[0]


def fail(bench: Bench, message_id: int) -> TransientFailure:
    outcome = bench.sender().send(message_id)
    assert isinstance(outcome, TransientFailure)
    return outcome


def test_a_message_is_sent_once_however_often_it_is_woken(bench: Bench, message_id: int) -> None:
    assert bench.sender().send(message_id) == Done("sent")
    bench.sender().send(message_id)
    message = bench.message(message_id)
    assert (message.status, message.attempts, message.wa_id) == ("sent", 1, f"wa-{message.reference}")
    assert message.sent_at == bench.clock.now
    assert bench.gateway.accepted == [message.reference]
    assert bench.gateway.lookups == 0


def test_a_redelivery_while_the_lease_lives_does_nothing(bench: Bench, message_id: int) -> None:
    inner: list[object] = []
    bench.gateway.before_post = lambda: inner.append(bench.sender().send(message_id))
    bench.gateway.answers.append(Refused("HTTP 429", retryable=True))
    fail(bench, message_id)
    assert inner == [Done("not due, final, or claimed by another process")]
    assert bench.gateway.accepted == []


def test_a_death_after_acceptance_is_reconciled_without_a_second_post(bench: Bench, message_id: int) -> None:
    bench.gateway.answers.append("lose the answer")
    fail(bench, message_id)  # and nobody records it: the process is dead
    bench.age(31)
    assert bench.sender().send(message_id) == Done("reconciled")
    assert bench.message(message_id).status is MessageStatus.SENT
    assert len(bench.gateway.accepted) == 1


def test_a_death_before_the_post_is_sent_by_the_next(bench: Bench, message_id: int) -> None:
    bench.die_at_post()
    with pytest.raises(KeyboardInterrupt):
        bench.sender().send(message_id)
    assert bench.message(message_id).status is MessageStatus.SENDING
    bench.age(31)
    assert bench.sender().send(message_id) == Done("sent")
    assert bench.gateway.lookups == 1
    assert bench.message(message_id).attempts == 2


def test_a_taken_over_message_is_not_posted_while_the_gateway_cannot_be_asked(bench: Bench, message_id: int) -> None:
    bench.gateway.answers.append("lose the answer")
    fail(bench, message_id)
    bench.age(31)
    bench.gateway.reachable = False
    assert bench.sender().send(message_id) == Done("the gateway cannot be asked")
    message = bench.message(message_id)
    assert (message.status, message.failures, message.claimable) == ("unknown", 0, False)
    bench.gateway.reachable = True
    bench.age(61)
    assert bench.sender().send(message_id) == Done("reconciled")
    assert len(bench.gateway.accepted) == 1


@pytest.mark.parametrize(
    ("answer", "status"), [(Refused("HTTP 429", retryable=True), "pending"), (Uncertain("HTTP 500"), "unknown")]
)
def test_transient_failures_are_retried_three_times_and_no_more(
    bench: Bench, message_id: int, answer: Refused | Uncertain, status: str
) -> None:
    for delay in (60, 120, 240):
        bench.gateway.answers.append(answer)
        failure = fail(bench, message_id)
        assert bench.policy.decide(failure.failures) == Retry(delay)
        bench.sender().postpone(failure, delay)
        assert bench.message(message_id).status == status
        bench.age(delay - 1)
        assert bench.sender().send(message_id) == Done("not due, final, or claimed by another process")
        bench.age(2)
    bench.gateway.answers.append(answer)
    failure = fail(bench, message_id)
    assert bench.policy.decide(failure.failures) == GiveUp()
    bench.sender().give_up(failure)
    bench.age(61)
    bench.sender().send(message_id)
    assert bench.message(message_id).status is MessageStatus.FAILED
    assert bench.gateway.accepted == []
    assert bench.execute("SELECT message_1, errors FROM daily_counters") == [{"message_1": 0, "errors": 1}]


def test_a_doubt_outlives_a_sure_refusal(bench: Bench, message_id: int) -> None:
    bench.gateway.answers += [Uncertain("read timeout"), Refused("HTTP 429", retryable=True)]
    for delay in (60, 120):
        bench.sender().postpone(fail(bench, message_id), delay)
        bench.age(delay + 1)
    # The first attempt is accepted only now.
    bench.gateway.accepted.append(bench.message(message_id).reference)
    assert bench.sender().send(message_id) == Done("reconciled")
    assert len(bench.gateway.accepted) == 1


def test_a_post_is_not_started_too_late_in_the_lease(bench: Bench, message_id: int) -> None:
    class Slow(type(bench.clock)):  # type: ignore[misc]
        def monotonic(self) -> float:
            self.ticks += 15.1
            return float(self.ticks)

    bench.clock = Slow()
    assert bench.sender().send(message_id) == Done("too late in the lease")
    assert bench.message(message_id).status is MessageStatus.PENDING
    assert bench.gateway.accepted == []


def test_a_late_answer_is_recorded_after_a_takeover(bench: Bench, message_id: int) -> None:
    late = bench.sender()

    def takeover() -> None:
        bench.gateway.before_post = lambda: None
        bench.age(31)
        bench.gateway.reachable = False
        bench.sender().send(message_id)  # takes it over, cannot ask, gives it back as unknown

    bench.gateway.before_post = takeover
    assert late.send(message_id) == Done("sent")
    assert bench.message(message_id).status is MessageStatus.SENT


def test_a_late_failure_changes_nothing_after_a_takeover(bench: Bench, message_id: int) -> None:
    bench.gateway.answers.append(Refused("HTTP 429", retryable=True))
    failure = fail(bench, message_id)
    bench.age(31)
    assert bench.sender().send(message_id) == Done("sent")
    bench.sender().postpone(failure, 60)
    bench.sender().give_up(failure)
    assert bench.message(message_id).status is MessageStatus.SENT


def test_a_second_acceptance_is_reported(bench: Bench, message_id: int, caplog: pytest.LogCaptureFixture) -> None:
    def another() -> None:
        bench.gateway.before_post = lambda: None
        bench.age(31)
        bench.sender().send(message_id)

    bench.gateway.before_post = another
    bench.gateway.answers += ["accept", Accepted("another-id", None)]
    bench.sender().send(message_id)
    assert "accepted twice" in caplog.text


def test_a_stopped_account_pauses_the_campaign(bench: Bench, message_id: int) -> None:
    bench.gateway.answers.append(AccountStopped("HTTP 402"))
    assert bench.sender().send(message_id) == Done("campaign paused")
    assert bench.message(message_id).status is MessageStatus.PENDING
    assert bench.sender().send(message_id) == Done("campaign paused")
    assert bench.gateway.accepted == []
    stopped = bench.execute("SELECT status, stop_reason FROM campaigns")
    assert stopped == [{"status": "paused", "stop_reason": "the gateway refuses the account: HTTP 402"}]


def test_a_refused_message_fails_and_leaves_its_place_in_the_day(bench: Bench) -> None:
    first, second = bench.ids(bench.campaign(2))
    bench.gateway.answers.append(Refused("HTTP 400", retryable=False))
    assert bench.sender(daily_limit=1).send(first) == Done("failed: HTTP 400")
    assert bench.sender(daily_limit=1).send(second) == Done("sent")
    assert bench.message(first).status is MessageStatus.FAILED


def test_beyond_the_daily_limit_messages_wait_for_the_next_day(bench: Bench) -> None:
    first, second = bench.ids(bench.campaign(2))
    bench.sender(daily_limit=1).send(first)
    assert bench.sender(daily_limit=1).send(second) == Done("daily limit reached")
    message = bench.message(second)
    assert (message.status, message.claimable) == ("pending", False)
    bench.age(86400)
    bench.clock.now += timedelta(days=1)
    assert bench.sender(daily_limit=1).send(second) == Done("sent")


def test_a_lock_held_by_a_living_process_saves_the_work(bench: Bench, message_id: int) -> None:
    bench.locks.held.add(send_key(message_id))
    bench.execute("UPDATE messages SET next_attempt_at = now() + interval '1 minute'")
    assert bench.sender().send(message_id) == Done("another process is at it")


def test_a_stale_lock_delays_nothing(bench: Bench, message_id: int) -> None:
    bench.locks.held.add(send_key(message_id))
    assert bench.sender().send(message_id) == Done("sent")


def test_an_unknown_message_is_nobodys(bench: Bench) -> None:
    assert bench.sender().send(404) == Done("not due, final, or claimed by another process")


def statuses(bench: Bench, ids: list[int]) -> list[str]:
    return [bench.message(number).status for number in ids]


def test_messages_in_turn_are_each_sent_once_and_recorded(bench: Bench) -> None:
    ids = bench.ids(bench.campaign(3))
    assert bench.sender().send_in_turn(ids) == Turn(Done("sent"))
    assert bench.sender().send_in_turn(ids) == Turn(Done("not due, final, or claimed by another process"))
    assert statuses(bench, ids) == ["sent"] * 3
    assert bench.gateway.accepted == [bench.message(number).reference for number in ids]
    assert bench.execute("SELECT message_1 FROM daily_counters") == [{"message_1": 3}]


def test_a_failure_ends_the_turn_and_leaves_the_others(bench: Bench) -> None:
    ids = bench.ids(bench.campaign(3))
    bench.gateway.answers += ["accept", Refused("HTTP 429", retryable=True)]
    turn = bench.sender().send_in_turn(ids)
    assert isinstance(turn.outcome, TransientFailure)
    assert (turn.outcome.claim.id, turn.rest) == (ids[1], (ids[2],))
    assert statuses(bench, ids) == ["sent", "sending", "pending"]


def test_a_turn_ends_in_time_for_others(bench: Bench) -> None:
    ids = bench.ids(bench.campaign(3))

    def slow() -> None:
        bench.clock.ticks += 0.3

    bench.gateway.before_post = slow
    assert bench.sender().send_in_turn(ids).rest == (ids[2],)
    assert statuses(bench, ids) == ["sent", "sent", "pending"]


def test_a_death_in_a_turn_costs_no_record_but_the_last(bench: Bench) -> None:
    ids = bench.ids(bench.campaign(3))

    def die_at_the_third() -> None:
        if len(bench.gateway.accepted) == 2:
            raise KeyboardInterrupt

    bench.gateway.before_post = die_at_the_third
    with pytest.raises(KeyboardInterrupt):
        bench.sender().send_in_turn(ids)
    assert statuses(bench, ids) == ["sent", "sent", "sending"]


def test_what_was_accepted_and_never_recorded_is_reconciled(bench: Bench) -> None:
    first, second = bench.ids(bench.campaign(2))
    sender = bench.sender()

    class Dying(type(sender.db)):  # type: ignore[misc]
        """The database goes away after the first POST."""

        def transaction(self) -> object:
            if bench.gateway.accepted:
                raise KeyboardInterrupt
            return bench.db.transaction()

        statement = transaction

    with pytest.raises(KeyboardInterrupt):
        replace(sender, db=object.__new__(Dying)).send_in_turn([first, second])
    assert statuses(bench, [first, second]) == ["sending", "pending"]
    bench.age(31)
    assert bench.sender().send_in_turn([first, second]) == Turn(Done("sent"))
    assert statuses(bench, [first, second]) == ["sent", "sent"]
    assert len(bench.gateway.accepted) == 2
