import logging
from datetime import timedelta

import pytest

from system.db.database import Database
from system.domain.daily_limit import DailyLimit
from system.domain.retry_policy import GiveUp, Retry
from system.domain.wakeups import SendMessage
from system.gateway.outcomes import Refused
from system.services.campaigns import Limits, create_campaign, dispatch, launch_campaign
from system.services.consent import opt_out
from system.services.sending import Done, TransientFailure
from tests.criteria.inbound import deliver, from_person, phone
from tests.unit.system.bench import Bench

pytestmark = pytest.mark.real


def add_contacts(db: Database, category: str, phones: list[str], *, opted_in: bool = True) -> None:
    with db.transaction() as connection:
        connection.execute("INSERT INTO categories (name) VALUES (%s) ON CONFLICT DO NOTHING", [category])
        connection.execute(
            """INSERT INTO contacts (phone, opted_in_at, opt_in_source)
               SELECT unnest(%(phones)s::text[]), CASE WHEN %(in)s THEN now() END, CASE WHEN %(in)s THEN 'form' END
               ON CONFLICT DO NOTHING""",
            {"phones": phones, "in": opted_in},
        )
        connection.execute(
            """INSERT INTO contact_categories (category_id, contact_id)
               SELECT g.id, p.id FROM categories AS g, contacts AS p WHERE g.name = %s AND p.phone = ANY(%s)""",
            [category, phones],
        )


def dispatched(bench: Bench, campaign_id: int, limits: Limits | None = None, batch_size: int = 100) -> list[int]:
    """The messages that one turn of the dispatcher publishes."""
    turn = dispatch(bench.db, bench.locks, campaign_id, batch_size=batch_size, limits=limits)
    return [number for wake in turn.wake_ups if isinstance(wake, SendMessage) for number in wake.message_ids]


def test_4_1_each_contact_of_the_list_and_the_categories_gets_one_message_1(bench: Bench) -> None:
    add_contacts(bench.db, "parents", [phone(number) for number in (1, 2, 3)])
    add_contacts(bench.db, "élèves", [phone(number) for number in (3, 4)])
    add_contacts(bench.db, "élèves", [phone(9)], opted_in=False)
    campaign_id = create_campaign(
        bench.db, "name", "body", [phone(4), phone(5), phone(5)], categories=["parents", "élèves"]
    )
    launch_campaign(bench.db, campaign_id)
    # Who joins later is not of this campaign.
    add_contacts(bench.db, "parents", [phone(6)])
    for number in dispatched(bench, campaign_id) * 2:
        bench.sender().send(number)
    rows = bench.execute(
        """SELECT p.phone, m.reference FROM messages AS m JOIN contacts AS p ON p.id = m.contact_id
           WHERE m.campaign_id = %s AND m.status = 'sent' ORDER BY p.phone""",
        campaign_id,
    )
    assert [row["phone"] for row in rows] == [phone(number) for number in (1, 2, 3, 4, 5)]
    assert sorted(bench.gateway.accepted) == sorted(str(row["reference"]) for row in rows)


def test_4_1_who_has_not_opted_in_or_has_opted_out_gets_none(bench: Bench) -> None:
    add_contacts(bench.db, "c", [phone(1)], opted_in=False)
    add_contacts(bench.db, "c", [phone(2), phone(3), phone(4)])
    bench.execute("UPDATE contacts SET whatsapp_status = 'invalid' WHERE phone = %s", phone(4))
    opt_out(bench.db, phone(3), source="test")
    campaign_id = create_campaign(bench.db, "name", "body", categories=["c"])
    launch_campaign(bench.db, campaign_id)
    for number in bench.ids(campaign_id):
        bench.sender().send(number)
    rows = bench.execute("SELECT status, outcome FROM messages ORDER BY id")
    assert rows == [{"status": "sent", "outcome": None}, {"status": "opted_out", "outcome": "opted_out"}]
    assert len(bench.gateway.accepted) == 1


def test_4_2_a_message_1_that_left_has_its_time_in_utc(bench: Bench) -> None:
    (message_id,) = bench.ids(bench.campaign())
    bench.sender().send(message_id)
    sent_at = bench.message(message_id).sent_at
    assert sent_at == bench.clock.now
    assert sent_at is not None
    assert sent_at.utcoffset() == timedelta(0)


def test_4_3_sending_opens_a_window_of_24_hours(bench: Bench) -> None:
    (message_id,) = bench.ids(bench.campaign())
    assert deliver(bench, from_person(0)) == []
    bench.sender().send(message_id)
    sent_at = bench.message(message_id).sent_at
    assert sent_at is not None
    last_moment = sent_at + timedelta(hours=24) - timedelta(microseconds=1)
    assert len(deliver(bench, from_person(0), at=last_moment)) == 1


def test_4_4_beyond_the_day_s_limit_messages_wait_for_midnight_utc(bench: Bench) -> None:
    campaign_id = bench.campaign(12)
    ids = bench.ids(campaign_id)
    for number in ids:
        bench.sender(daily_limit=10).send(number)
    # Two of ten are kept for Message 2.
    assert len(bench.gateway.accepted) == 8
    rows = bench.execute("SELECT status, next_attempt_at FROM messages WHERE status <> 'sent' ORDER BY id")
    tomorrow = (bench.clock.now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert rows == [{"status": "pending", "next_attempt_at": tomorrow}] * 4
    bench.age(86400)
    bench.clock.now += timedelta(days=1)
    for number in ids:
        bench.sender(daily_limit=10).send(number)
    assert len(bench.gateway.accepted) == 12


def test_4_4_the_reserved_part_is_for_message_2(bench: Bench) -> None:
    campaign_id = bench.campaign(9)
    for number in bench.ids(campaign_id):
        bench.sender(daily_limit=10).send(number)
    woken = [wake for contact in range(3) for wake in deliver(bench, from_person(contact))]
    outcomes = [bench.sender(daily_limit=10).send(wake.message_id) for wake in woken]
    assert outcomes == [Done("sent"), Done("sent"), Done("daily limit reached")]
    assert bench.execute("SELECT message_1, message_2 FROM daily_counters") == [{"message_1": 8, "message_2": 2}]


def test_4_4_the_dispatcher_publishes_no_more_than_the_day_has_left(bench: Bench) -> None:
    campaign_id = bench.campaign(12)
    limits = Limits(daily=DailyLimit(10), clock=bench.clock.utc)
    first = dispatched(bench, campaign_id, limits)
    assert len(first) == 8
    bench.age(1)
    assert dispatched(bench, campaign_id, limits) == []
    for number in first:
        bench.sender(daily_limit=10).send(number)
    bench.age(1)
    assert dispatched(bench, campaign_id, limits) == []
    bench.age(86400)
    bench.clock.now += timedelta(days=1)
    assert len(dispatched(bench, campaign_id, limits)) == 4


def test_4_5_each_send_leaves_a_structured_line(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    campaign_id = bench.campaign(2)
    ids = bench.ids(campaign_id)
    with caplog.at_level(logging.INFO):
        for number in ids * 2:
            bench.sender().send(number)
    lines = [record.__dict__ for record in caplog.records if getattr(record, "event", "") == "message_sent"]
    assert [line["message_id"] for line in lines] == ids
    assert {(line["campaign_id"], line["kind"], line["attempt"]) for line in lines} == {(campaign_id, "message_1", 1)}


def test_4_6_a_passing_failure_is_tried_again_three_times(bench: Bench) -> None:
    (message_id,) = bench.ids(bench.campaign())
    delays = []
    for _ in range(6):
        bench.gateway.answers.append(Refused("HTTP 429", retryable=True))
        outcome = bench.sender().send(message_id)
        assert isinstance(outcome, TransientFailure)
        decision = bench.policy.decide(outcome.failures)
        if isinstance(decision, GiveUp):
            bench.sender().give_up(outcome)
            break
        assert isinstance(decision, Retry)
        delays.append(decision.delay_seconds)
        bench.sender().postpone(outcome, decision.delay_seconds)
        bench.age(decision.delay_seconds)
    assert delays == [60, 120, 240]
    assert bench.message(message_id).status == "failed"
