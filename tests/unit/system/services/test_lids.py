"""A chat that WhatsApp does not name by a number: its STOP is never lost."""

import pytest

from system.gateway.webhooks import Event
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


def test_an_event_with_both_names_joins_them(bench: Bench) -> None:
    sent(bench)
    deliver(bench, said("STOP", "in-1"))
    deliver(bench, said("Bonjour", "in-2", fromNumber=phone(0)))
    assert suppressed(bench) == [phone(0)]


def test_what_waits_for_its_number_is_told(bench: Bench) -> None:
    deliver(bench, said("STOP", "in-1"))
    assert bench.execute("SELECT count(*) FROM lid_refusals") == [{"count": 1}]
