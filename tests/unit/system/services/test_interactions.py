from datetime import UTC, datetime, timedelta

import pytest

from system.domain.statuses import MessageKind
from system.gateway.webhooks import Event
from system.services import inbox, interactions
from system.services.closing import expire
from system.services.sending import Done
from tests.unit.system.bench import Bench
from tests.unit.system.services.webhook_events import age, event, process


@pytest.fixture
def sent(bench: Bench) -> int:
    campaign_id = bench.campaign()
    bench.sender().send(bench.ids(campaign_id)[0])
    return campaign_id


def test_an_event_is_received_once(bench: Bench) -> None:
    first, second = inbox.receive(bench.db, [[event(1), event(2), event(1)], [event(2), event(3)]])
    assert (len(first), len(second)) == (2, 1)
    assert inbox.receive(bench.db, [[event(1)]]) == [[]]


def test_many_interactions_earn_one_message_2(bench: Bench, sent: int) -> None:
    first = process(bench, event(1), event(2))
    second = process(bench, event(3))
    assert second == []
    (wake_up,) = first
    assert wake_up.kind is MessageKind.MESSAGE_2
    assert bench.execute("SELECT count(*) FROM interactions") == [{"count": 3}]
    assert bench.execute("SELECT count(*) FROM webhook_inbox WHERE processed_at IS NULL") == [{"count": 0}]
    assert bench.sender().send(wake_up.message_id) == Done("sent")
    assert len(bench.gateway.accepted) == 2


def test_an_interrupted_processing_is_done_again_without_a_double(bench: Bench, sent: int) -> None:
    ((entry,),) = inbox.receive(bench.db, [[event(1)]])
    assert inbox.register(bench.db, entry) is not None  # and the process dies here
    assert len(process(bench)) == 1
    assert bench.execute("SELECT count(*) FROM interactions") == [{"count": 1}]
    assert process(bench) == []


@pytest.mark.parametrize("strange", [event(1, "+33600000000"), event(1, event="message:out:sent")])
def test_what_is_not_ours_is_finished_with_its_reason(bench: Bench, sent: int, strange: Event) -> None:
    assert process(bench, strange) == []
    (row,) = bench.execute("SELECT error FROM webhook_inbox WHERE processed_at IS NOT NULL")
    assert str(row["error"]).startswith("ignored: ")


def test_at_24_hours_the_window_is_over(bench: Bench, sent: int) -> None:
    (row,) = bench.execute("SELECT contact_id, sent_at FROM messages")
    contact_id, sent_at = row["contact_id"], row["sent_at"]
    assert isinstance(contact_id, int)
    assert isinstance(sent_at, datetime)
    late = sent_at + timedelta(hours=24)
    assert interactions.open_follow_up(bench.db, sent, contact_id, received_at=late) is None
    just = late - timedelta(microseconds=1)
    message_id = interactions.open_follow_up(bench.db, sent, contact_id, received_at=just)
    assert message_id is not None
    bench.clock.now = late
    assert bench.sender().send(message_id) == Done("the window of 24 h is over")
    assert bench.message(message_id).status == "cancelled"


def test_expired_follow_ups_are_cancelled(bench: Bench, sent: int) -> None:
    process(bench, event(1))
    assert expire(bench.db).follow_ups == 0
    bench.execute("UPDATE messages SET sent_at = sent_at - interval '24 hours' WHERE kind = 'message_1'")
    assert expire(bench.db).follow_ups == 1


def test_the_latest_campaign_gets_the_interaction(bench: Bench, sent: int) -> None:
    later = bench.campaign()
    bench.clock.now = datetime.now(UTC) + timedelta(seconds=1)
    bench.sender().send(bench.ids(later)[0])
    process(bench, event(1))
    assert bench.execute("SELECT campaign_id FROM interactions") == [{"campaign_id": later}]


def test_an_answer_to_a_message_whose_sending_is_in_doubt_waits_for_the_truth(bench: Bench) -> None:
    (message_id,) = bench.ids(bench.campaign())
    bench.gateway.answers.append("lose the answer")
    bench.sender().send(message_id)
    assert process(bench, event(1)) == []
    assert bench.execute("SELECT count(*) FROM webhook_inbox WHERE processed_at IS NULL") == [{"count": 1}]
    bench.age(31)
    assert bench.sender().send(message_id) == Done("reconciled")
    age(bench, 61)
    assert len(inbox.process_left_behind(bench.db)) == 1
    assert bench.execute("SELECT count(*) FROM interactions") == [{"count": 1}]
