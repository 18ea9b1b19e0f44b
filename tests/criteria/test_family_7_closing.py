import logging
from datetime import datetime, timedelta

import pytest

from system.domain.daily_limit import DailyLimit, next_day
from system.services.campaigns import Limits, dispatch
from system.services.cancelling import cancel_campaign
from system.services.closing import close_finished_campaigns, expire
from system.services.pausing import pause_campaign, resume_campaign
from system.services.statistics import show
from system.tasks.celery_config import beat_schedule
from tests.criteria.closing import DAY, ended_in_every_way, later
from tests.criteria.inbound import acknowledged, deliver, from_person
from tests.unit.system.bench import Bench

pytestmark = pytest.mark.real
ENDS = ["message_2_sent", "late_interaction", "no_interaction", "failed", "opted_out"]


def status(bench: Bench, campaign_id: int) -> str:
    return show(bench.db, campaign_id).campaign.status.value


def test_7_1_a_campaign_is_completed_when_its_last_contact_has_ended_and_not_before(bench: Bench) -> None:
    campaign_id = ended_in_every_way(bench)
    assert close_finished_campaigns(bench.db, bench.clock.utc) == ()
    later(bench, -timedelta(seconds=1))
    expire(bench.db, bench.clock.utc)
    assert close_finished_campaigns(bench.db, bench.clock.utc) == ()
    assert status(bench, campaign_id) == "sending"
    later(bench, timedelta(seconds=1))
    expire(bench.db, bench.clock.utc)
    assert close_finished_campaigns(bench.db, bench.clock.utc) == (campaign_id,)
    assert close_finished_campaigns(bench.db, bench.clock.utc) == ()
    assert status(bench, campaign_id) == "completed"


def test_7_2_the_final_states_are_the_five_of_the_criterion(bench: Bench) -> None:
    campaign_id = ended_in_every_way(bench)
    expire(bench.db, bench.clock.utc)
    rows = bench.execute("SELECT outcome FROM messages WHERE kind = 'message_1' ORDER BY contact_id")
    assert [row["outcome"] for row in rows] == ENDS
    assert {name: count for name, count in show(bench.db, campaign_id).statistics.outcomes.items() if count} == (
        dict.fromkeys(ENDS, 1)
    )


def test_7_2_a_message_2_that_misses_its_window_is_a_failure(bench: Bench) -> None:
    (message_id,) = bench.ids(bench.campaign())
    bench.sender().send(message_id)
    assert len(deliver(bench, from_person(0), at=bench.clock.now)) == 1
    later(bench, DAY)
    assert expire(bench.db, bench.clock.utc).follow_ups == 1
    assert bench.execute("SELECT outcome FROM messages WHERE kind = 'message_1'") == [{"outcome": "failed"}]


def test_7_2_a_contact_waits_while_its_message_2_is_on_its_way(bench: Bench) -> None:
    (message_id,) = bench.ids(bench.campaign())
    bench.sender().send(message_id)
    (woken,) = deliver(bench, from_person(0), at=bench.clock.now)
    bench.gateway.answers.append("lose the answer")
    bench.sender().send(woken.message_id)
    later(bench, DAY)
    expire(bench.db, bench.clock.utc)
    assert bench.execute("SELECT outcome FROM messages WHERE kind = 'message_1'") == [{"outcome": None}]
    bench.age(31)
    bench.sender().send(woken.message_id)
    assert bench.execute("SELECT outcome FROM messages WHERE kind = 'message_1'") == [{"outcome": "message_2_sent"}]


def test_7_3_final_statistics_are_computed_and_kept(bench: Bench) -> None:
    campaign_id = ended_in_every_way(bench)
    expire(bench.db, bench.clock.utc)
    assert bench.execute("SELECT final_statistics FROM campaigns") == [{"final_statistics": None}]
    close_finished_campaigns(bench.db, bench.clock.utc)
    (row,) = bench.execute("SELECT final_statistics FROM campaigns")
    kept = row["final_statistics"]
    assert isinstance(kept, dict)
    expected = {"contacts": 5, "sent": 5, "sent_message_2": 1, "failed": 1, "pending": 0, "interactions": 3}
    assert {name: kept[name] for name in expected} == expected
    assert kept["outcomes"] == dict.fromkeys(ENDS, 1) | {"cancelled": 0}
    assert show(bench.db, campaign_id).frozen


def test_7_4_an_hourly_task_applies_the_24_hours() -> None:
    entry = beat_schedule["check_expired_interactions"]
    assert entry["schedule"] == 3600.0
    assert entry["task"] == "system.tasks.periodic_tasks.check_expired_interactions"


def test_7_4_the_24_hours_end_contacts_and_no_earlier(bench: Bench) -> None:
    (message_id,) = bench.ids(bench.campaign())
    bench.sender().send(message_id)
    later(bench, DAY - timedelta(seconds=1))
    assert expire(bench.db, bench.clock.utc).contacts == 0
    later(bench, timedelta(seconds=1))
    assert expire(bench.db, bench.clock.utc).contacts == 1


@pytest.mark.parametrize("paused", [False, True])
def test_7_5_48_hours_after_its_last_message_nothing_is_open(bench: Bench, paused: bool) -> None:
    campaign_id = bench.campaign(3)
    sent, waiting, doubtful = bench.ids(campaign_id)
    bench.sender().send(sent)
    bench.gateway.answers.append("lose the answer")
    bench.sender().send(doubtful)
    if paused:
        pause_campaign(bench.db, campaign_id)
    bench.execute("UPDATE campaigns SET launched_at = launched_at - interval '1 day'")
    later(bench, 2 * DAY - timedelta(seconds=1))
    assert expire(bench.db, bench.clock.utc).campaign_ids == ()
    later(bench, timedelta(seconds=1))
    assert expire(bench.db, bench.clock.utc).campaign_ids == (campaign_id,)
    assert close_finished_campaigns(bench.db, bench.clock.utc) == (campaign_id,)
    assert bench.message(waiting).status == "cancelled"
    # What may have left is asked about, and neither forgotten nor sent again.
    bench.age(31)
    bench.sender().send(doubtful)
    assert bench.message(doubtful).status == "sent"
    assert len(bench.gateway.accepted) == 2


def test_7_5_a_campaign_that_still_sends_stays_open(bench: Bench) -> None:
    campaign_id = bench.campaign(2)
    first, second = bench.ids(campaign_id)
    bench.sender().send(first)
    bench.execute("UPDATE campaigns SET launched_at = launched_at - interval '4 days'")
    later(bench, 2 * DAY - timedelta(hours=1))
    bench.execute("DELETE FROM daily_counters")
    bench.sender().send(second)
    later(bench, timedelta(hours=1))
    assert expire(bench.db, bench.clock.utc).campaign_ids == ()
    assert status(bench, campaign_id) == "sending"


def started_49_hours_ago(bench: Bench) -> tuple[int, int]:
    """A campaign whose first message left then, and the message that waits since."""
    campaign_id = bench.campaign(2)
    first, waiting = bench.ids(campaign_id)
    bench.sender().send(first)
    bench.execute("UPDATE campaigns SET launched_at = launched_at - interval '49 hours'")
    later(bench, timedelta(hours=49))
    return campaign_id, waiting


def test_7_5_the_48_hours_begin_again_with_a_resumption(bench: Bench) -> None:
    campaign_id, waiting = started_49_hours_ago(bench)
    pause_campaign(bench.db, campaign_id, clock=bench.clock.utc)
    resume_campaign(bench.db, campaign_id, clock=bench.clock.utc)
    later(bench, 2 * DAY - timedelta(seconds=1))
    assert expire(bench.db, bench.clock.utc).campaign_ids == ()
    assert bench.message(waiting).status == "pending"
    later(bench, timedelta(seconds=1))
    assert expire(bench.db, bench.clock.utc).campaign_ids == (campaign_id,)


@pytest.mark.parametrize("by", ["sender", "dispatcher"])
def test_7_5_what_the_daily_limit_holds_does_not_fail(bench: Bench, by: str) -> None:
    campaign_id, waiting = started_49_hours_ago(bench)
    bench.execute("INSERT INTO daily_counters (day, message_1, message_2) VALUES (%s, 1000, 0)", bench.clock.now.date())
    if by == "sender":
        assert bench.sender().send(waiting).what == "daily limit reached"
    else:
        limits = Limits(daily=DailyLimit(1000), clock=bench.clock.utc)
        assert dispatch(bench.db, bench.locks, campaign_id, batch_size=9, limits=limits).wake_ups == ()
    assert expire(bench.db, bench.clock.utc).campaign_ids == ()
    bench.clock.now = next_day(bench.clock.now) + 2 * DAY - timedelta(seconds=1)
    assert expire(bench.db, bench.clock.utc).campaign_ids == ()
    assert bench.message(waiting).status == "pending"
    later(bench, timedelta(seconds=1))
    assert expire(bench.db, bench.clock.utc).campaign_ids == (campaign_id,)


def test_7_5_a_full_day_holds_no_campaign_that_has_nothing_to_send(bench: Bench) -> None:
    campaign_id, waiting = started_49_hours_ago(bench)
    bench.execute("UPDATE messages SET status = 'unknown' WHERE id = %s", waiting)
    bench.execute("INSERT INTO daily_counters (day, message_1, message_2) VALUES (%s, 1000, 0)", bench.clock.now.date())
    dispatch(bench.db, bench.locks, campaign_id, batch_size=9, limits=Limits(DailyLimit(1000), clock=bench.clock.utc))
    assert expire(bench.db, bench.clock.utc).campaign_ids == (campaign_id,)


def test_7_6_the_closing_is_logged_with_its_statistics(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    campaign_id = ended_in_every_way(bench)
    expire(bench.db, bench.clock.utc)
    with caplog.at_level(logging.INFO):
        close_finished_campaigns(bench.db, bench.clock.utc)
        close_finished_campaigns(bench.db, bench.clock.utc)
    (line,) = [record.__dict__ for record in caplog.records if getattr(record, "event", "") == "campaign_closed"]
    (row,) = bench.execute("SELECT final_statistics FROM campaigns")
    assert (line["campaign_id"], line["status"], line["statistics"]) == (
        campaign_id,
        "completed",
        row["final_statistics"],
    )


def test_7_2_a_failure_that_a_delivery_disproves_is_none(bench: Bench) -> None:
    (message_id,) = bench.ids(bench.campaign())
    bench.sender().send(message_id)
    wa_id = bench.message(message_id).wa_id
    outcomes: list[object] = []
    for word in ("failed", "delivered", "failed"):
        deliver(bench, acknowledged(wa_id=wa_id, word=word))
        outcomes += [row["outcome"] for row in bench.execute("SELECT outcome FROM messages")]
    assert outcomes == ["failed", None, None]


def test_times_are_the_injected_clock_s(bench: Bench) -> None:
    campaign_id = ended_in_every_way(bench)
    expire(bench.db, bench.clock.utc)
    close_finished_campaigns(bench.db, bench.clock.utc)
    completed_at = show(bench.db, campaign_id).campaign.completed_at
    assert isinstance(completed_at, datetime)
    assert completed_at == bench.clock.now


def test_what_comes_back_to_a_cancelled_campaign_is_cancelled_and_its_statistics_are_kept(bench: Bench) -> None:
    """As when the gateway refuses the account to a sender that held a message during the cancellation."""
    campaign_id = bench.campaign(2)
    held, _ = bench.ids(campaign_id)
    cancel_campaign(bench.db, campaign_id)
    bench.execute("UPDATE messages SET status = 'pending' WHERE id = %s", held)
    close_finished_campaigns(bench.db, bench.clock.utc)
    assert bench.message(held).status == "cancelled"
    assert show(bench.db, campaign_id).frozen
