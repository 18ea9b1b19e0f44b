"""What people and the gateway say, as Wassenger delivers it (shared/facts/wassenger.md), processed at once."""

import itertools
from dataclasses import replace
from datetime import datetime
from typing import Any

from system.domain.statuses import MessageKind
from system.domain.wakeups import SendMessage
from system.gateway.webhooks import Event
from system.services import inbox
from system.services.interactions import open_follow_up
from tests.unit.system.bench import Bench

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
    """Receives and processes the events as the endpoint does, as if they came at `at`; returns what it would publish."""
    (entries,) = inbox.receive(bench.db, [events])
    if at is not None:
        bench.execute(
            "UPDATE webhook_inbox SET received_at = %s WHERE id = ANY(%s)", at, [entry.id for entry in entries]
        )
        entries = [replace(entry, received_at=at) for entry in entries]
    woken = []
    for entry in inbox.acknowledge(bench.db, entries):
        to = inbox.register(bench.db, entry)
        if to is not None:
            made = open_follow_up(bench.db, to.campaign_id, to.contact_id, received_at=entry.received_at)
            inbox.finish(bench.db, entry)
            woken += [] if made is None else [SendMessage(made, MessageKind.MESSAGE_2)]
    return woken
