"""Pausing, resuming, cancelling, scheduling, and stopping by itself."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from audit.experiments.waiting import wait_until
from system.db import campaigns, closing
from system.domain.campaign_life import Resume, ScheduleError
from system.domain.statuses import CampaignStatus
from system.domain.wakeups import DispatchCampaign
from system.gateway.outcomes import AccountStopped, Refused
from system.services.campaigns import NobodyToWriteToError, create_campaign, dispatch, launch_campaign
from system.services.cancelling import cancel_campaign
from system.services.closing import close_finished_campaigns
from system.services.error_spikes import stop_spiking
from system.services.pausing import pause_campaign, resume_campaign
from system.services.recovery import recover
from system.services.scheduling import schedule_campaign, start_due
from system.services.sending import Done
from system.services.statistics import show
from system.services.transitions import CampaignStateError, UnknownCampaignError
from tests.criteria.inbound import deliver, from_person, phone
from tests.unit.system.bench import Bench

BLOCKED = """SELECT count(*) > 0 AS blocked FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""
NO = Refused("HTTP 400", retryable=False)


def status(bench: Bench, campaign_id: int) -> str:
    return show(bench.db, campaign_id).campaign.status.value


def statuses(bench: Bench, campaign_id: int) -> list[str]:
    return [bench.message(number).status.value for number in bench.ids(campaign_id)]


def send_what_is_dispatched(bench: Bench, campaign_id: int) -> None:
    bench.age(1)
    for wake in dispatch(bench.db, bench.locks, campaign_id, batch_size=100).wake_ups:
        assert not isinstance(wake, DispatchCampaign)
        for number in wake.message_ids:
            bench.sender().send(number)


@pytest.fixture
def half_way(bench: Bench) -> int:
    """A paused campaign of six: one sent, one failed, one lost its answer, one published, two untouched."""
    campaign_id = bench.campaign(6)
    sent, failed, doubtful, *_ = bench.ids(campaign_id)
    dispatch(bench.db, bench.locks, campaign_id, batch_size=4)
    bench.sender().send(sent)
    bench.gateway.answers.append(NO)
    bench.sender().send(failed)
    bench.gateway.answers.append("lose the answer")
    bench.sender().send(doubtful)
    pause_campaign(bench.db, campaign_id)
    return campaign_id


def test_while_paused_nothing_leaves(bench: Bench, half_way: int) -> None:
    bench.age(31)
    assert recover(bench.db, lease_seconds=30).campaign_ids == ()
    for number in bench.ids(half_way):
        bench.sender().send(number)
    # The third had left: it has been asked about, not sent.
    assert statuses(bench, half_way) == ["sent", "failed", "sent", "pending", "pending", "pending"]
    assert len(bench.gateway.accepted) == 2


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (Resume.PENDING, ["sent", "failed", "sent", "sent", "sent", "sent"]),
        (Resume.FAILED, ["sent", "sent", "sent", "pending", "pending", "pending"]),
        (Resume.ALL, ["sent"] * 6),
    ],
)
def test_a_resumed_campaign_sends_what_was_chosen_and_nothing_twice(
    bench: Bench, half_way: int, which: Resume, expected: list[str]
) -> None:
    assert resume_campaign(bench.db, half_way, which=which) == [DispatchCampaign(half_way)]
    for _ in range(2):
        send_what_is_dispatched(bench, half_way)
        bench.age(31)
        for message in recover(bench.db, lease_seconds=30).messages:
            for number in message.message_ids:
                bench.sender().send(number)
    assert statuses(bench, half_way) == expected
    assert len(bench.gateway.accepted) == len(set(bench.gateway.accepted)) == expected.count("sent")


def test_what_was_set_aside_is_kept_for_another_resumption(bench: Bench, half_way: int) -> None:
    resume_campaign(bench.db, half_way, which=Resume.FAILED)
    send_what_is_dispatched(bench, half_way)
    assert close_finished_campaigns(bench.db) == ()
    pause_campaign(bench.db, half_way)
    resume_campaign(bench.db, half_way)
    bench.age(31)
    for number in bench.ids(half_way):
        bench.sender().send(number)
    assert statuses(bench, half_way) == ["sent"] * 6
    assert len(bench.gateway.accepted) == 6


def test_a_paused_campaign_whose_messages_all_failed_can_be_resumed_for_48_hours(bench: Bench) -> None:
    campaigns_ = [bench.campaign(), bench.campaign()]
    for campaign_id in campaigns_:
        bench.gateway.answers.append(NO)
        bench.sender().send(bench.ids(campaign_id)[0])
        pause_campaign(bench.db, campaign_id, clock=bench.clock.utc)
    bench.clock.now += timedelta(hours=47)
    assert close_finished_campaigns(bench.db, bench.clock.utc) == ()
    resumed, left = campaigns_
    resume_campaign(bench.db, resumed, which=Resume.FAILED, clock=bench.clock.utc)
    send_what_is_dispatched(bench, resumed)
    assert statuses(bench, resumed) == ["sent"]
    bench.clock.now += timedelta(hours=2)
    assert close_finished_campaigns(bench.db, bench.clock.utc) == (left,)


def test_what_the_gateway_accepted_and_could_not_deliver_is_not_sent_again(bench: Bench) -> None:
    campaign_id = bench.campaign()
    (message_id,) = bench.ids(campaign_id)
    bench.sender().send(message_id)
    bench.execute("UPDATE messages SET status = 'failed'")
    pause_campaign(bench.db, campaign_id)
    resume_campaign(bench.db, campaign_id, which=Resume.ALL)
    send_what_is_dispatched(bench, campaign_id)
    assert len(bench.gateway.accepted) == 1


def test_a_cancelled_campaign_sends_nothing_and_settles_what_is_in_flight(bench: Bench, half_way: int) -> None:
    deliver(bench, from_person(0))
    cancel_campaign(bench.db, half_way)
    assert close_finished_campaigns(bench.db) == ()
    assert show(bench.db, half_way).frozen is False
    bench.age(31)
    for message in recover(bench.db, lease_seconds=30).messages:
        bench.sender().send(message.message_id)
    for number in bench.ids(half_way):
        bench.sender().send(number)
    assert statuses(bench, half_way) == ["sent", "failed", "sent", *["cancelled"] * 4]
    assert len(bench.gateway.accepted) == 2
    close_finished_campaigns(bench.db)
    found = show(bench.db, half_way)
    assert (found.frozen, found.campaign.status, found.statistics.outcomes["cancelled"]) == (True, "cancelled", 5)


def test_a_message_claimed_before_the_cancellation_and_never_sent_is_cancelled(bench: Bench) -> None:
    campaign_id = bench.campaign()
    (message_id,) = bench.ids(campaign_id)
    bench.die_at_post()
    with pytest.raises(KeyboardInterrupt):
        bench.sender().send(message_id)
    cancel_campaign(bench.db, campaign_id)
    bench.age(31)
    assert bench.sender().send(message_id) == Done("campaign cancelled")
    assert bench.message(message_id).status == "cancelled"


def test_a_cancellation_and_a_stopped_account_do_not_wait_for_each_other(bench: Bench) -> None:
    campaign_id = bench.campaign()
    (message_id,) = bench.ids(campaign_id)
    bench.gateway.answers.append(AccountStopped("HTTP 402"))
    with ThreadPoolExecutor(1) as sender:
        with bench.db.transaction() as connection:
            campaigns.lock(connection, campaign_id)
            sent = sender.submit(bench.sender().send, message_id)
            wait_until(lambda: bench.execute(BLOCKED) == [{"blocked": True}], 20)
            closing.end_every_contact(connection, campaign_id, outcome="cancelled", reason="cancelled")
            campaigns.move(connection, campaign_id, CampaignStatus.CANCELLED, at=bench.clock.now, reason=None)
        assert sent.result() == Done("campaign paused")
    assert status(bench, campaign_id) == "cancelled"


@pytest.mark.parametrize("state", ["completed", "cancelled", "failed", "draft"])
@pytest.mark.parametrize("act", [pause_campaign, resume_campaign, launch_campaign])
def test_what_is_not_legal_changes_nothing(bench: Bench, state: str, act: Callable[..., object]) -> None:
    campaign_id = bench.campaign()
    bench.execute("UPDATE campaigns SET status = %s", state)
    if state == "draft" and act is launch_campaign:
        return
    with pytest.raises(CampaignStateError, match=state):
        act(bench.db, campaign_id)
    assert status(bench, campaign_id) == state


def test_what_does_not_exist_cannot_do_anything(bench: Bench) -> None:
    for act in (pause_campaign, resume_campaign, cancel_campaign, launch_campaign, show):
        with pytest.raises(UnknownCampaignError):
            act(bench.db, 404)


def test_without_anybody_to_write_to_a_campaign_is_not_launched(bench: Bench) -> None:
    campaign_id = create_campaign(bench.db, "name", "body")
    with pytest.raises(NobodyToWriteToError):
        launch_campaign(bench.db, campaign_id)
    assert status(bench, campaign_id) == "draft"
    with pytest.raises(ValueError, match="no such category: x"):
        create_campaign(bench.db, "name", "body", categories=["x"])


def test_a_scheduled_campaign_starts_at_its_time(bench: Bench) -> None:
    campaign_id = bench.campaign(2, launched=False)
    nobody = create_campaign(bench.db, "nobody", "body")
    at = bench.clock.now + timedelta(hours=1)
    schedule_campaign(bench.db, campaign_id, at + timedelta(hours=5), clock=bench.clock.utc)
    for number in (campaign_id, nobody):
        schedule_campaign(bench.db, number, at, clock=bench.clock.utc)
    bench.clock.now = at - timedelta(seconds=1)
    assert start_due(bench.db, bench.clock.utc) == []
    bench.clock.now = at
    assert start_due(bench.db, bench.clock.utc) == [DispatchCampaign(campaign_id)]
    assert start_due(bench.db, bench.clock.utc) == []
    assert (status(bench, campaign_id), status(bench, nobody)) == ("sending", "failed")
    assert len(bench.ids(campaign_id)) == 2


@pytest.mark.parametrize("at", ["now", "naive"])
def test_a_time_that_is_over_or_has_no_zone_is_refused(bench: Bench, at: str) -> None:
    campaign_id = bench.campaign(launched=False)
    when = bench.clock.now if at == "now" else bench.clock.now.replace(tzinfo=None) + timedelta(days=1)
    with pytest.raises(ScheduleError, match="a later time"):
        schedule_campaign(bench.db, campaign_id, when, clock=bench.clock.utc)
    assert status(bench, campaign_id) == "draft"


def test_a_time_of_another_year_is_a_typing_mistake(bench: Bench) -> None:
    campaign_id = bench.campaign(launched=False)
    most = bench.clock.now + timedelta(days=366)
    with pytest.raises(ScheduleError, match="within a year"):
        schedule_campaign(bench.db, campaign_id, most + timedelta(seconds=1), clock=bench.clock.utc)
    assert status(bench, campaign_id) == "draft"
    schedule_campaign(bench.db, campaign_id, most, clock=bench.clock.utc)
    assert status(bench, campaign_id) == "scheduled"


def test_a_campaign_stops_itself_on_a_spike_of_errors(bench: Bench) -> None:
    campaign_id, other = bench.campaign(30), bench.campaign(1)
    for number in bench.ids(campaign_id)[:19]:
        bench.gateway.answers.append(NO)
        bench.sender().send(number)
    assert stop_spiking(bench.db) == ()
    bench.gateway.answers.append(NO)
    bench.sender().send(bench.ids(campaign_id)[19])
    assert stop_spiking(bench.db) == (campaign_id,)
    assert stop_spiking(bench.db) == ()
    found = show(bench.db, campaign_id).campaign
    assert (found.status, found.stop_reason) == ("paused", "20 of its last 20 messages failed")
    assert status(bench, other) == "sending"
    # What failed before it was resumed is forgiven.
    resume_campaign(bench.db, campaign_id)
    assert stop_spiking(bench.db) == ()


def test_lists_of_numbers_may_repeat_themselves(bench: Bench) -> None:
    campaign_id = create_campaign(bench.db, "name", "body", [phone(1), phone(1)], actor="somebody")
    launch_campaign(bench.db, campaign_id, actor="somebody")
    assert len(bench.ids(campaign_id)) == 1
    rows = bench.execute("SELECT actor, action FROM action_log ORDER BY id")
    assert rows == [{"actor": "somebody", "action": name} for name in ("campaign created", "campaign sending")]
