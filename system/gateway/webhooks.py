"""Wassenger's webhook payloads: one object, or an array of at most 25 events."""

import json
from dataclasses import dataclass
from typing import Any

from system.domain.phone import PhoneNumber

MOST_EVENTS = 25
INTERACTION_EVENTS = frozenset({"message:in:new", "message:reaction"})


class PayloadError(ValueError):
    """The body is not a payload of Wassenger's."""


@dataclass(frozen=True)
class Event:
    """One event as received, with the key under which it is received once."""

    name: str
    dedup_key: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Interaction:
    """What a person did: a text, a reaction, a voice message …"""

    phone: PhoneNumber
    type: str
    content: str
    wa_id: str | None


def parse_events(body: bytes) -> list[Event]:
    """The events of a webhook's body.

    Raises:
        PayloadError: when it is not JSON, or neither shape.

    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadError("the body is not JSON") from error
    if b"\\u0000" in body:
        raise PayloadError("the body holds a null character")
    if isinstance(payload, dict):
        return [_single(payload)]
    if isinstance(payload, list) and len(payload) <= MOST_EVENTS:
        return [_of_array(item) for item in payload]
    raise PayloadError("neither an event nor a short array of events")


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise PayloadError(f"{name} is missing")
    return value


def _single(payload: dict[str, Any]) -> Event:
    name = _text(payload.get("event"), "event")
    data = payload.get("data")
    # `id` at the top is the message's as well, not the event's.
    identifier = _text(data.get("id") if isinstance(data, dict) else payload.get("id"), "data.id")
    ack = payload.get("ack")
    return Event(name, f"{name}|{identifier}|{ack if isinstance(ack, str | int) else ''}"[:500], payload)


def _of_array(item: object) -> Event:
    if not isinstance(item, dict):
        raise PayloadError("an event is not an object")
    name = _text(item.get("event"), "event")
    return Event(name, f"{name}|{_text(item.get('entityId'), 'entityId')}", item)


def interaction(payload: dict[str, Any]) -> Interaction | None:
    """What a person did, when the event says that one of ours to talk to did something."""
    data = payload.get("data")
    if payload.get("event") not in INTERACTION_EVENTS or not isinstance(data, dict):
        return None
    meta = data.get("meta")
    if data.get("flow", "inbound") != "inbound" or (isinstance(meta, dict) and meta.get("isGroup")):
        return None
    try:
        phone = PhoneNumber.from_whatsapp(str(data.get("fromNumber") or ""))
    except ValueError:
        return None
    kind = "reaction" if payload["event"] == "message:reaction" else str(data.get("type") or "text")
    content = data.get("body") or data.get("reaction") or ""
    wa_id = data.get("id")
    return Interaction(
        phone,
        kind,
        content if isinstance(content, str) else json.dumps(content, ensure_ascii=False),
        wa_id if isinstance(wa_id, str) else None,
    )
