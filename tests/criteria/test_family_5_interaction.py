from datetime import datetime, timedelta

import pytest

from system.services.sending import Done
from tests.criteria.inbound import deliver, from_person
from tests.unit.system.bench import Bench

pytestmark = pytest.mark.real
DAY = timedelta(hours=24)
SECOND = timedelta(seconds=1)


@pytest.fixture
def sent_at(bench: Bench) -> datetime:
    """Contact 0 has its Message 1, since this moment."""
    (message_id,) = bench.ids(bench.campaign())
    bench.sender().send(message_id)
    found = bench.message(message_id).sent_at
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("after", "leaves"),
    [(DAY - SECOND, True), (DAY, False), (DAY + SECOND, False)],
    ids=["23:59:59", "24:00:00", "late"],
)
def test_5_1_the_window_is_judged_on_the_time_of_message_1(
    bench: Bench, sent_at: datetime, after: timedelta, leaves: bool
) -> None:
    assert bool(deliver(bench, from_person(0), at=sent_at + after)) is leaves


def test_5_2_in_the_window_and_without_one_message_2_leaves(bench: Bench, sent_at: datetime) -> None:
    (woken,) = deliver(bench, from_person(0))
    assert bench.sender().send(woken.message_id) == Done("sent")
    assert bench.execute("SELECT outcome FROM messages WHERE kind = 'message_1'") == [{"outcome": "message_2_sent"}]


@pytest.mark.parametrize(("seconds", "leaves"), [(-1, True), (0, False), (1, False)])
def test_5_3_it_is_judged_again_when_it_leaves(bench: Bench, sent_at: datetime, seconds: int, leaves: bool) -> None:
    (woken,) = deliver(bench, from_person(0), at=sent_at + DAY - timedelta(minutes=5))
    bench.clock.now = sent_at + DAY + seconds * SECOND
    outcome = bench.sender().send(woken.message_id)
    assert outcome == Done("sent" if leaves else "the window of 24 h is over")
    assert len(bench.gateway.accepted) == (2 if leaves else 1)


def test_5_3_whatsapp_s_own_window_counts_too(bench: Bench, sent_at: datetime) -> None:
    """A Message 2 whose person said nothing for 24 h must not leave, even if Message 1 were younger."""
    (woken,) = deliver(bench, from_person(0))
    bench.execute("UPDATE contacts SET last_inbound_at = %s", sent_at - DAY)
    assert bench.sender().send(woken.message_id) == Done("the window of 24 h is over")
    assert bench.message(woken.message_id).status == "cancelled"


@pytest.mark.parametrize(
    ("type_", "body", "kind"),
    [
        ("text", "Oui", "text"),
        ("text", "👍🏽", "emoji"),
        ("ptt", "", "voice"),
        ("audio", "", "audio"),
        ("image", "", "image"),
        ("video", "", "video"),
        ("document", "", "document"),
        ("reaction", "❤️", "reaction"),
    ],
)
def test_5_4_every_kind_of_interaction_counts(
    bench: Bench, sent_at: datetime, type_: str, body: str, kind: str
) -> None:
    event = "message:reaction" if kind == "reaction" else "message:in:new"
    assert len(deliver(bench, from_person(0, body, type_=type_, event=event))) == 1
    assert bench.execute("SELECT type FROM interactions") == [{"type": kind}]


def test_5_5_message_2_has_a_queue_and_a_short_delay_of_its_own(bench: Bench, sent_at: datetime) -> None:
    """What of the 5 s can be known without a clock: how late its wake-up is expected. Measured by `audit run --family 5`."""
    (woken,) = deliver(bench, from_person(0))
    (row,) = bench.execute(
        "SELECT extract(epoch FROM published_at - created_at)::float8 AS wait FROM messages WHERE kind = 'message_2'"
    )
    assert row["wait"] == pytest.approx(2)
    assert woken.kind == "message_2"


def test_5_6_each_interaction_is_recorded_with_what_it_was(bench: Bench, sent_at: datetime) -> None:
    deliver(bench, from_person(0, "Oui"), at=sent_at)
    deliver(bench, from_person(0, "Encore"), at=sent_at + 30 * DAY)
    rows = bench.execute(
        """SELECT campaign_id = (SELECT max(id) FROM campaigns) AS campaign, contact_id = (SELECT max(id) FROM contacts)
           AS contact, type, content, received_at FROM interactions ORDER BY id"""
    )
    assert rows == [
        {"campaign": True, "contact": True, "type": "text", "content": content, "received_at": at}
        for content, at in (("Oui", sent_at), ("Encore", sent_at + 30 * DAY))
    ]


def test_5_6_a_number_in_two_campaigns_answers_the_latest_message_1_still_in_its_window(bench: Bench) -> None:
    first, second = bench.campaign(), bench.campaign()
    for campaign_id in (first, second):
        bench.clock.now += SECOND
        for number in bench.ids(campaign_id):
            bench.sender().send(number)
    deliver(bench, from_person(0))
    bench.execute("UPDATE messages SET sent_at = sent_at - interval '25 hours' WHERE campaign_id = %s", second)
    deliver(bench, from_person(0))
    found = [row["campaign_id"] for row in bench.execute("SELECT campaign_id FROM interactions ORDER BY id")]
    assert found == [second, first]
