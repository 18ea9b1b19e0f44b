"""A gateway that refuses everybody holds sending; a message alone that is refused holds nobody."""

from datetime import timedelta

import pytest

from system.db import gateway_breaker
from system.db.gateway_breaker import Hold
from system.domain.alarm import AlarmPolicy
from system.domain.campaign_life import Resume
from system.domain.retry_policy import Retry
from system.gateway.outcomes import Accepted, PostOutcome, Refused, Uncertain
from system.services import watching
from system.services.campaigns import dispatch
from system.services.closing import close_finished_campaigns
from system.services.diagnosis import diagnose
from system.services.pausing import NothingToSendError, resume_campaign
from system.services.sending import TransientFailure
from system.services.statistics import show
from system.services.watching import Change
from tests.unit.system.bench import Bench

BUSY = Refused("HTTP 429", retryable=True)
LOST = Uncertain("HTTP 503")
NO = Refused("HTTP 404", retryable=False)


def send(bench: Bench, number: int, answer: PostOutcome | None = None) -> None:
    if answer is not None:
        bench.gateway.answers.append(answer)
    outcome = bench.sender().send(number)
    bench.gateway.answers.clear()
    if isinstance(outcome, TransientFailure):
        decision = bench.policy.decide(outcome.failures)
        if isinstance(decision, Retry):
            bench.sender().postpone(outcome, decision.delay_seconds)
        else:
            bench.sender().give_up(outcome)


def held(bench: Bench) -> Hold | None:
    with bench.db.transaction() as connection:
        return gateway_breaker.hold(connection)


def refused(bench: Bench, answer: PostOutcome = BUSY, *, contacts: int = 8) -> list[int]:
    ids = bench.ids(bench.campaign(contacts))
    for number in ids[:5]:
        send(bench, number, answer)
    return ids


@pytest.mark.parametrize("answer", [BUSY, LOST])
def test_after_five_refusals_in_a_row_nothing_is_tried_and_no_attempt_is_burnt(
    bench: Bench, answer: PostOutcome
) -> None:
    ids = refused(bench, answer)
    assert held(bench)
    for number in ids[5:]:
        send(bench, number)
    assert bench.gateway.accepted == []
    assert [bench.message(number).failures for number in ids] == [1] * 5 + [0] * 3
    assert {bench.message(number).status for number in ids[5:]} == {"pending"}
    assert bench.execute("SELECT count(*) FROM messages WHERE quota_day IS NOT NULL") == [{"count": 5}]


@pytest.mark.parametrize("between", [None, NO])
def test_what_is_not_in_a_row_holds_nobody(bench: Bench, between: PostOutcome | None) -> None:
    ids = bench.ids(bench.campaign(9))
    for number in ids[:4]:
        send(bench, number, BUSY)
    send(bench, ids[4], between)
    send(bench, ids[5], BUSY)
    # A refusal for good neither ends a run of refusals for now, nor adds to it.
    assert (held(bench) is None) == (between is None)


def test_one_message_is_tried_at_a_time_and_costs_nothing_when_it_is_refused(bench: Bench) -> None:
    ids = refused(bench)
    bench.age(31)
    send(bench, ids[5], BUSY)
    send(bench, ids[6])
    assert bench.gateway.accepted == []
    assert bench.message(ids[5]).failures == 0
    bench.age(31)
    send(bench, ids[6])
    assert held(bench) is None
    send(bench, ids[7])
    assert len(bench.gateway.accepted) == 2
    # The one that found out and was refused leaves later than the others.
    bench.age(31)
    send(bench, ids[5])
    assert len(bench.gateway.accepted) == 3


@pytest.mark.parametrize("answer", [BUSY, LOST])
def test_an_outage_of_an_hour_costs_nobody_his_message_nor_an_attempt(bench: Bench, answer: PostOutcome) -> None:
    campaign_id = bench.campaign(12)
    ids = bench.ids(campaign_id)
    for _ in range(60):
        for number in ids:
            send(bench, number, answer)
        assert close_finished_campaigns(bench.db, bench.clock.utc) == ()
        bench.age(60)
        bench.clock.now += timedelta(minutes=1)
    assert bench.gateway.accepted == []
    # One each of the five that showed it; those that asked since cost none.
    assert sorted(bench.message(number).failures for number in ids) == [0] * 7 + [1] * 5
    assert show(bench.db, campaign_id).campaign.status == "sending"
    for number in (*ids, *ids):
        bench.age(121)
        send(bench, number)
    assert sorted(bench.gateway.accepted) == sorted(bench.message(number).reference for number in ids)
    assert {bench.message(number).status for number in ids} == {"sent"}


def test_an_answer_to_a_question_does_not_end_the_hold(bench: Bench) -> None:
    ids = bench.ids(bench.campaign(7))
    bench.gateway.answers.append("lose the answer")
    bench.sender().send(ids[0])
    for number in ids[1:6]:
        send(bench, number, BUSY)
    bench.age(61)
    bench.execute("UPDATE gateway_breaker SET probe_at = now() + interval '1 hour'")
    send(bench, ids[0])
    assert bench.message(ids[0]).status == "sent"
    assert held(bench)


def test_a_dispatcher_publishes_one_message_while_sending_is_held(bench: Bench) -> None:
    ids = refused(bench)
    bench.age(1)
    campaign_id = bench.message(ids[0]).campaign_id
    turned = dispatch(bench.db, bench.locks, campaign_id, batch_size=100)
    assert (turned.wake_ups, turned.again_in) == ((), 4.0)
    assert show(bench.db, campaign_id).campaign.status == "sending"
    bench.age(31)
    turned = dispatch(bench.db, bench.locks, campaign_id, batch_size=100)
    assert [len(wake.message_ids) for wake in turned.wake_ups if hasattr(wake, "message_ids")] == [1]


def test_one_message_alone_keeps_its_three_retries_and_its_campaign_stays_open(bench: Bench) -> None:
    campaign_id = bench.campaign(1)
    (message_id,) = bench.ids(campaign_id)
    for _ in range(4):
        send(bench, message_id, BUSY)
        bench.age(241)
    assert (bench.message(message_id).status, bench.message(message_id).failures) == ("failed", 4)
    assert held(bench) is None
    assert close_finished_campaigns(bench.db) == ()
    found = show(bench.db, campaign_id).campaign
    assert (found.status, found.stop_reason) == ("paused", "1 messages failed for now")
    with pytest.raises(NothingToSendError):
        resume_campaign(bench.db, campaign_id)
    resume_campaign(bench.db, campaign_id, which=Resume.FAILED)
    send(bench, message_id)
    assert len(bench.gateway.accepted) == 1


def test_a_campaign_over_a_failure_for_now_closes_after_48_hours_and_what_failed_can_still_be_sent(
    bench: Bench,
) -> None:
    campaign_id = bench.campaign(2)
    gone, refused_ = bench.ids(campaign_id)
    send(bench, gone)
    bench.execute("UPDATE messages SET outcome = 'no_interaction' WHERE id = %s", gone)
    for _ in range(4):
        send(bench, refused_, BUSY)
        bench.age(241)
    bench.clock.now += timedelta(hours=49)
    assert close_finished_campaigns(bench.db, bench.clock.utc) == (campaign_id,)
    assert show(bench.db, campaign_id).frozen
    with pytest.raises(NothingToSendError):
        resume_campaign(bench.db, campaign_id)
    resume_campaign(bench.db, campaign_id, which=Resume.FAILED, clock=bench.clock.utc)
    assert not show(bench.db, campaign_id).frozen
    send(bench, refused_)
    assert show(bench.db, campaign_id).statistics.sent == 2


def test_what_failed_is_not_sent_again_to_who_opted_out_meanwhile(bench: Bench) -> None:
    campaign_id = bench.campaign(1)
    send(bench, bench.ids(campaign_id)[0], NO)
    assert close_finished_campaigns(bench.db) == (campaign_id,)
    bench.execute("INSERT INTO suppressions (phone, source) SELECT phone, 'message' FROM contacts")
    with pytest.raises(NothingToSendError, match="nothing that failed"):
        resume_campaign(bench.db, campaign_id, which=Resume.FAILED)
    assert show(bench.db, campaign_id).frozen


def test_the_watchdog_and_doctor_say_that_sending_is_held_once(bench: Bench, postgres_url: str) -> None:
    policy = AlarmPolicy(timedelta(seconds=300))

    def look() -> list[Change]:
        with bench.db.transaction() as connection:
            return [change for change in watching.look(connection, policy) if change.component == watching.GATEWAY]

    ids = refused(bench)
    assert look() == []
    bench.age(61)
    assert len(look()) == 1
    assert look() == []
    said = {part.part: part for part in diagnose(postgres_url, lambda: True, bench.gateway, dict, silence_seconds=60)}
    assert not said["sending"].ok
    assert "HTTP 429" in said["sending"].seen
    with bench.db.transaction() as connection:
        claimed = watching.claim_alert(connection, seconds=1)
    assert claimed is not None
    assert "sending is held" in claimed.alert.as_json()["text"]
    send(bench, ids[5])
    assert len(look()) == 1
    assert look() == []
    assert isinstance(bench.gateway.find_by_reference(bench.message(ids[5]).reference), Accepted)
