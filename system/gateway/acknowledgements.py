"""How far one of our messages has come, as an event tells it."""

from dataclasses import dataclass
from typing import Any

from system.domain.lid import lid_of
from system.domain.statuses import DELIVERY_ORDER, MessageStatus

ACKNOWLEDGING_EVENTS = frozenset({"message:out:ack", "message:out:failed", "message:out:sent", "message:update"})
# Words of `ack` and `deliveryStatus`, and the numbers of WhatsApp's own protocol.
_STATUSES = {
    "failed": MessageStatus.FAILED,
    "delivered": MessageStatus.DELIVERED,
    "device": MessageStatus.DELIVERED,
    "read": MessageStatus.READ,
    "played": MessageStatus.READ,
    -1: MessageStatus.FAILED,
    2: MessageStatus.DELIVERED,
    3: MessageStatus.READ,
    4: MessageStatus.READ,
}


@dataclass(frozen=True)
class Acknowledgement:
    """A message is known to have come as far as `status`: `failed`, `delivered` or `read`.

    It is named by the API's identifier, by WhatsApp's, or by both. `lid`: its chat, when WhatsApp does not name it by a number.
    """

    status: MessageStatus
    gateway_id: str | None
    wa_id: str | None
    lid: str | None = None


def acknowledgement(payload: dict[str, Any]) -> Acknowledgement | None:
    """What the event says of one of our messages, when it says more than that it was sent."""
    event, data = payload.get("event"), payload.get("data")
    if event not in ACKNOWLEDGING_EVENTS or not isinstance(data, dict) or data.get("flow") == "inbound":
        return None
    status = _status(event, payload, data)
    if status is None:
        return None
    if "entityId" in payload:
        return Acknowledgement(status, _string(payload["entityId"]), _string(data.get("waId")), lid_of(data))
    return Acknowledgement(status, None, _string(data.get("id")), lid_of(data))


def _string(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _status(event: object, payload: dict[str, Any], data: dict[str, Any]) -> MessageStatus | None:
    if event == "message:out:failed":
        return MessageStatus.FAILED
    values = (payload.get("ack"), data.get("ack"), data.get("deliveryStatus"))
    known = [_STATUSES[value] for value in values if isinstance(value, str | int) and value in _STATUSES]
    return max(known, key=DELIVERY_ORDER.index, default=None)
