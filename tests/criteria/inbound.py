"""What people and the gateway say, as Wassenger delivers it (shared/facts/wassenger.md), processed at once."""

import itertools
from datetime import datetime
from typing import Any

from system.domain.wakeups import SendMessage, WakeUp
from system.gateway.webhooks import Event
from system.services import inbox
from tests.unit.system.conftest import Bench

_numbers = itertools.count(1)


def phone(number: int) -> str:
    """The number of the bench's contact."""
    return f"+3363998{number:04d}"


def from_person(number: int, body: str = "Oui", *, type_: str = "text", event: str = "message:in:new") -> Event:
    """Something that a contact did."""
    key = next(_numbers)
    data = {"id": f"in-{key}", "type": type_, "flow": "inbound", "fromNumber": phone(number), "body": body}
    return Event(f"in-{key}", {"event": event, "data": data})


def acknowledged(*, wa_id: str | None = None, gateway_id: str | None = None, word: str) -> Event:
    """How far a message has come: in the shape that names it by `waId`, or by the API's identifier."""
    event = "message:out:failed" if word == "failed" else "message:out:ack"
    payload: dict[str, Any] = {"event": event, "data": {"id": wa_id, "ack": word}}
    if gateway_id is not None:
        payload = {"event": event, "entityId": gateway_id, "data": {"deliveryStatus": word}}
    return Event(f"ack-{next(_numbers)}", payload)


def deliver(bench: Bench, *events: Event, at: datetime | None = None) -> list[SendMessage]:
    """Receives and processes the events, as if they came at `at` (now when None); returns what was to be published."""
    ids = inbox.receive(bench.db, list(events))
    if at is not None:
        bench.execute("UPDATE webhook_inbox SET received_at = %s WHERE id = ANY(%s)", at, ids)
    woken: list[WakeUp] = []
    for inbox_id in ids:
        entry = inbox.begin(bench.db, inbox_id)
        assert entry is not None
        woken += inbox.process(bench.db, entry)
    return [wake_up for wake_up in woken if isinstance(wake_up, SendMessage)]
