"""Quiet hours, the day of the limit, campaigns whose time was missed, and the 48 h to the minute."""

from datetime import UTC, datetime, timedelta

import pytest

from system.domain.campaign_life import Resume
from system.domain.daily_limit import DailyLimit
from system.domain.sending_hours import SendingHours
from system.gateway.outcomes import Refused
from system.services.campaigns import Limits, create_campaign, dispatch, launch_campaign
from system.services.closing import close_finished_campaigns, expire
from system.services.pausing import pause_campaign, resume_campaign
from system.services.scheduling import schedule_campaign, start_due
from system.services.sending import Done, Sender
from system.services.statistics import show
from tests.criteria.inbound import deliver, from_person, phone
from tests.unit.system.bench import Bench

OFFICE = SendingHours.parse("08:00-20:00", "Europe/Paris")
# 20:00 in Paris, and the next morning at 8.
EVENING = datetime(2030, 1, 15, 19, 0, tzinfo=UTC)
MORNING = datetime(2030, 1, 16, 7, 0, tzinfo=UTC)


def sender(bench: Bench, hours: SendingHours = OFFICE) -> Sender:
    usual = bench.sender()
    return Sender(
        bench.db, bench.gateway, bench.locks, bench.policy, usual.lease, 1000, hours=hours,
        clock=bench.clock.utc, monotonic=bench.clock.monotonic,
    )  # fmt: skip


def published(bench: Bench, campaign_id: int) -> int:
    bench.age(1)
    limits = Limits(daily=DailyLimit(1000), hours=OFFICE, clock=bench.clock.utc)
    turned = dispatch(bench.db, bench.locks, campaign_id, batch_size=100, limits=limits)
    return sum(len(wake.message_ids) for wake in turned.wake_ups if hasattr(wake, "message_ids"))


def test_no_message_1_leaves_in_the_evening(bench: Bench) -> None:
    campaign_id = bench.campaign(2)
    bench.clock.now = EVENING - timedelta(seconds=1)
    assert published(bench, campaign_id) == 2
    bench.clock.now = EVENING
    first, second = bench.ids(campaign_id)
    # Published before, claimed too late.
    assert sender(bench).send(first) == Done("outside the campaign's sending hours")
    assert bench.gateway.accepted == []
    (row,) = bench.execute("SELECT next_attempt_at, failures FROM messages WHERE id = %s", first)
    assert row == {"next_attempt_at": MORNING, "failures": 0}
    assert published(bench, campaign_id) == 0
    assert show(bench.db, campaign_id).campaign.resumes_at == MORNING
    bench.clock.now = MORNING
    sender(bench).send(second)
    assert len(bench.gateway.accepted) == 1


def test_a_campaign_may_have_hours_of_its_own(bench: Bench) -> None:
    night = SendingHours.parse("09:00-18:00", "America/Montreal")
    campaign_id = create_campaign(bench.db, "name", "body", [phone(0)], hours=night)
    launch_campaign(bench.db, campaign_id)
    bench.clock.now = EVENING
    assert published(bench, campaign_id) == 1
    (message_id,) = bench.ids(campaign_id)
    sender(bench).send(message_id)
    assert len(bench.gateway.accepted) == 1


def test_a_message_2_answers_at_any_hour(bench: Bench) -> None:
    campaign_id = bench.campaign(1)
    bench.clock.now = EVENING - timedelta(minutes=1)
    sender(bench).send(bench.ids(campaign_id)[0])
    bench.clock.now = EVENING + timedelta(hours=3)
    (woken,) = deliver(bench, from_person(0), at=bench.clock.now)
    sender(bench).send(woken.message_id)
    assert len(bench.gateway.accepted) == 2


def test_the_limit_counts_by_the_days_of_the_zone(bench: Bench) -> None:
    first, second = bench.ids(bench.campaign(2))
    hours = SendingHours.parse("00:00-24:00", "Europe/Paris")
    bench.clock.now = datetime(2030, 1, 15, 22, 59, tzinfo=UTC)
    sender(bench, hours).send(first)
    bench.clock.now = datetime(2030, 1, 15, 23, 0, tzinfo=UTC)
    sender(bench, hours).send(second)
    days = bench.execute("SELECT day::text, message_1 FROM daily_counters ORDER BY day")
    assert days == [{"day": "2030-01-15", "message_1": 1}, {"day": "2030-01-16", "message_1": 1}]


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    # Three days of Paris, an hour short and an hour long.
    [("2026-03-27T23:00", "2026-03-30T22:00", 71), ("2026-10-23T22:00", "2026-10-26T23:00", 73)],
)
def test_the_calendar_keeps_its_hours_and_its_days_over_both_clock_changes(
    bench: Bench, first: str, last: str, hours: int
) -> None:
    begun, ended = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (first, last))
    moments = [begun + timedelta(minutes=30 * n) for n in range(2 * hours)]
    assert moments[-1] + timedelta(minutes=30) == ended
    for moment, message_id in zip(moments, bench.ids(bench.campaign(len(moments))), strict=True):
        bench.clock.now = moment
        sender(bench).send(message_id)
        (row,) = bench.execute("SELECT status, next_attempt_at FROM messages WHERE id = %s", message_id)
        local = moment.astimezone(OFFICE.zone)
        assert row["status"] == ("sent" if 8 <= local.hour < 20 else "pending"), local
        if row["status"] == "pending":
            opening = row["next_attempt_at"]
            assert isinstance(opening, datetime)
            assert (opening.astimezone(OFFICE.zone).hour, opening > moment) == (8, True), local
            # The longest night is that of the hour which comes twice.
            assert opening - moment <= timedelta(hours=13)
    days = """SELECT count(*) FROM messages WHERE status = 'sent'
        GROUP BY (sent_at AT TIME ZONE 'Europe/Paris')::date ORDER BY (sent_at AT TIME ZONE 'Europe/Paris')::date"""
    assert bench.execute(days) == [{"count": 24}] * 3


@pytest.mark.parametrize(("late", "status"), [(timedelta(minutes=60), "sending"), (timedelta(minutes=61), "draft")])
def test_a_campaign_whose_time_was_missed_does_not_leave(bench: Bench, late: timedelta, status: str) -> None:
    campaign_id = bench.campaign(2, launched=False)
    at = bench.clock.now + timedelta(hours=1)
    schedule_campaign(bench.db, campaign_id, at, clock=bench.clock.utc)
    bench.clock.now = at + late
    assert bool(start_due(bench.db, bench.clock.utc)) == (status == "sending")
    found = show(bench.db, campaign_id).campaign
    assert found.status == status
    assert ("its time was missed" in (found.stop_reason or "")) == (status == "draft")


@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize(("minutes", "open_"), [(-1, True), (0, False), (1, False)])
def test_the_48_hours_are_held_to_the_minute(bench: Bench, resumed: bool, minutes: int, open_: bool) -> None:
    campaign_id = bench.campaign(2)
    sent, refused = bench.ids(campaign_id)
    bench.sender().send(sent)
    bench.gateway.answers.append(Refused("HTTP 404", retryable=False))
    bench.sender().send(refused)
    # An answer whose Message 2 stays in somebody's hands keeps the contact open.
    deliver(bench, from_person(0), at=bench.clock.now)
    bench.execute("UPDATE messages SET status = 'unknown', next_attempt_at = 'infinity' WHERE kind = 'message_2'")
    if resumed:
        bench.clock.now += timedelta(hours=30)
        pause_campaign(bench.db, campaign_id, clock=bench.clock.utc)
        resume_campaign(bench.db, campaign_id, which=Resume.PENDING, clock=bench.clock.utc)
    bench.execute("UPDATE campaigns SET launched_at = launched_at - interval '1 day'")
    bench.clock.now += timedelta(hours=48, minutes=minutes)
    expire(bench.db, bench.clock.utc)
    close_finished_campaigns(bench.db, bench.clock.utc)
    assert (show(bench.db, campaign_id).campaign.status == "sending") == open_
