"""A chat that WhatsApp does not name by a number: its STOP is never lost, nor its answer while the number may still come."""

import pytest

from system.db.metrics import backlog
from system.domain.wakeups import SendMessage
from system.gateway.webhooks import Event
from system.services import inbox
from tests.criteria.inbound import deliver, phone
from tests.unit.system.bench import Bench

LID = "123456789012345"
pytestmark = pytest.mark.real


def said(body: str, key: str, **data: object) -> Event:
    inside = {"id": key, "type": "text", "flow": "inbound", "body": body, "chat": {"id": f"{LID}@lid", "type": "chat"}}
    return Event(key, {"event": "message:in:new", "data": inside | data})


def read(bench: Bench, message_id: int, key: str = "ack") -> Event:
    data = {"id": bench.message(message_id).wa_id, "ack": "read", "chat": {"id": f"{LID}@lid"}}
    return Event(key, {"event": "message:out:ack", "data": data})


def suppressed(bench: Bench) -> list[str]:
    return [str(row["phone"]) for row in bench.execute("SELECT phone FROM suppressions ORDER BY phone")]


def sent(bench: Bench) -> int:
    (message_id,) = bench.ids(bench.campaign())
    bench.sender().send(message_id)
    return message_id


def left_behind(bench: Bench) -> list[SendMessage]:
    """What the next sweep publishes, when all that waits is due."""
    bench.execute("UPDATE webhook_inbox SET next_attempt_at = now() WHERE processed_at IS NULL")
    return inbox.process_left_behind(bench.db)


@pytest.mark.parametrize("number", [None, LID, f"{LID}@lid", f"+{LID}"])
@pytest.mark.parametrize("known_first", [True, False])
def test_a_stop_counts_for_the_person_of_the_chat(bench: Bench, number: str | None, known_first: bool) -> None:
    message_id = sent(bench)
    if known_first:
        deliver(bench, read(bench, message_id))
    assert deliver(bench, said("STOP", "in-1", fromNumber=number)) == []
    assert suppressed(bench) == ([phone(0)] if known_first else [])
    deliver(bench, read(bench, message_id, "later"))
    assert suppressed(bench) == [phone(0)]
    (later,) = bench.ids(bench.campaign())
    assert bench.message(later).status == "opted_out"


def test_an_answer_from_a_known_chat_earns_a_message_2(bench: Bench) -> None:
    message_id = sent(bench)
    assert deliver(bench, said("Oui", "in-1")) == []
    deliver(bench, read(bench, message_id))
    assert len(deliver(bench, said("Oui", "in-2"))) == 1


def test_an_answer_that_overtakes_the_number_of_its_chat_waits_for_it(bench: Bench) -> None:
    message_id = sent(bench)
    assert deliver(bench, said("Oui", "in-1")) == []
    assert left_behind(bench) == []
    deliver(bench, read(bench, message_id))
    assert len(left_behind(bench)) == 1
    assert bench.execute("SELECT count(*) FROM interactions") == [{"count": 1}]
    assert bench.execute("SELECT id FROM webhook_inbox WHERE processed_at IS NULL") == []


def test_an_answer_of_a_chat_that_nothing_names_is_given_up_after_a_day(bench: Bench) -> None:
    deliver(bench, said("Oui", "in-1"))
    with bench.db.transaction() as connection:
        assert (backlog(connection).webhooks, backlog(connection).oldest_webhook) == (1, 0)
    bench.execute("UPDATE webhook_inbox SET received_at = received_at - interval '1 day'")
    for _ in range(inbox.MOST_ATTEMPTS):
        assert left_behind(bench) == []
    (row,) = bench.execute("SELECT error FROM webhook_inbox WHERE processed_at IS NOT NULL")
    assert "the number of this chat is not known yet" in str(row["error"])


def test_an_event_with_both_names_joins_them(bench: Bench) -> None:
    sent(bench)
    deliver(bench, said("STOP", "in-1"))
    deliver(bench, said("Bonjour", "in-2", fromNumber=phone(0)))
    assert suppressed(bench) == [phone(0)]


def test_what_waits_for_its_number_is_told(bench: Bench) -> None:
    deliver(bench, said("STOP", "in-1"))
    assert bench.execute("SELECT count(*) FROM lid_refusals") == [{"count": 1}]
