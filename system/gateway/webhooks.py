"""Wassenger's webhook payloads: one object, or an array of events, each with the key under which it is received once."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from system import correlation
from system.gateway.webhook_body import REPLACEMENT, PayloadError, harmless, parse_body, storable

# Wassenger sends at most 25; a longer array is taken all the same, rather than lost.
MOST_EVENTS = 500
LONGEST_NAME = 200
# Of a later state of the same message, unlike the others.
STATED_BY_EVENT = frozenset({"message:out:sent", "message:out:failed", "message:in:new", "message:reaction"})


@dataclass(frozen=True)
class Event:
    """One event as received. `ignored` says why it will not be processed, when nothing can be made of it.

    `correlation_id` is that of the request that brought it.
    """

    dedup_key: str
    payload: dict[str, Any]
    ignored: str | None = None
    correlation_id: str | None = field(default_factory=correlation.current)


def parse_events(body: bytes) -> list[Event]:
    """The events of a webhook's body; what is no event but came with some is kept as `ignored`.

    Raises:
        PayloadError: when it is not JSON, neither shape, or holds not one event.

    """
    payload = parse_body(body)
    if isinstance(payload, dict):
        return [_single(payload if harmless(body) else storable(payload))]
    if not isinstance(payload, list) or len(payload) > MOST_EVENTS:
        raise PayloadError("neither an event nor a short array of events")
    events = [_element(item) for item in payload]
    if events and all(event.ignored for event in events):
        raise PayloadError(f"no event in the array: {events[0].ignored}")
    return events


def _text(value: object, name: str) -> str:
    # Two names that differ by what had to be replaced would become one.
    if not isinstance(value, str) or not value.isprintable() or REPLACEMENT in value:
        raise PayloadError(f"{name} is missing or strange")
    if not 0 < len(value) <= LONGEST_NAME:
        raise PayloadError(f"{name} is empty or too long")
    return value


def _state(payload: dict[str, Any], data: object) -> str:
    """What tells two events of one message apart: how far it has come."""
    values = [payload.get("ack")]
    if payload.get("event") not in STATED_BY_EVENT and isinstance(data, dict):
        values += [data.get("ack"), data.get("deliveryStatus"), data.get("status")]
    found = next((value for value in values if isinstance(value, str | int)), "")
    return str(found)[:50]


def _single(payload: dict[str, Any]) -> Event:
    name = _text(payload.get("event"), "event")
    data = payload.get("data")
    # `id` at the top is the message's as well, not the event's.
    identifier = _text(data.get("id") if isinstance(data, dict) else payload.get("id"), "data.id")
    return Event(f"{name}|{identifier}|{_state(payload, data)}", payload)


def _of_array(item: object) -> Event:
    if not isinstance(item, dict):
        raise PayloadError("an event is not an object")
    payload = storable(item)
    name = _text(payload.get("event"), "event")
    if "entityId" not in payload:
        return _single(payload)
    state = _state(payload, payload.get("data"))
    return Event("|".join(filter(None, (name, _text(payload["entityId"], "entityId"), state))), payload)


def _element(item: object) -> Event:
    try:
        return _of_array(item)
    except PayloadError as error:
        return _ignored(item, str(error))


def _ignored(item: object, reason: str) -> Event:
    try:
        raw = json.dumps(item, ensure_ascii=True, sort_keys=True)
    except (RecursionError, ValueError):
        raw = "(nested too deeply)"
    digest = hashlib.sha256(raw.encode()).hexdigest()
    return Event(f"ignored|{digest}", {"raw": raw[:2000]}, f"ignored: {reason}")
