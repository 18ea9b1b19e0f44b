"""Webhooks as the gateway would send them, for a stack whose gateway is the double."""

import json
from secrets import token_hex
from typing import Literal

from system.gateway.webhooks import Event, parse_events

Ack = Literal["delivered", "read"]


def reply(phone: str, text: str) -> bytes:
    """A text that this number (E.164) sends us."""
    identifier = f"up-{token_hex(8)}"
    data = {"id": identifier, "type": "text", "flow": "inbound", "fromNumber": phone, "body": text}
    return _event("message:in:new", identifier, data)


def acknowledgement(wa_id: str, ack: Ack) -> bytes:
    """How far one of our messages has come."""
    return _event("message:out:ack", wa_id, {"id": wa_id, "flow": "outbound", "ack": ack})


def events(*bodies: bytes) -> list[Event]:
    """What these bodies hold, as if they had been posted."""
    return [event for body in bodies for event in parse_events(body)]


def _event(name: str, identifier: str, data: dict[str, str]) -> bytes:
    return json.dumps({"id": identifier, "object": "message", "event": name, "data": data}).encode()
