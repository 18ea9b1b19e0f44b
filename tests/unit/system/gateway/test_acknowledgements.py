from typing import Any

import pytest

from system.domain.statuses import MessageStatus
from system.gateway.acknowledgements import Acknowledgement, acknowledgement

READ, DELIVERED, FAILED = MessageStatus.READ, MessageStatus.DELIVERED, MessageStatus.FAILED


def by_whatsapp(ack: object, /, **data: Any) -> dict[str, Any]:
    """The first shape: one object, which names the message by WhatsApp's identifier."""
    return {"event": "message:out:ack", "id": "wa-1", "ack": ack, "data": {"id": "wa-1", "flow": "outbound"} | data}


def by_api(event: str, **data: Any) -> dict[str, Any]:
    """The second shape: an element of an array, which names it by the API's."""
    return {"event": event, "entity": "message", "entityId": "a1", "data": {"id": "a1"} | data}


@pytest.mark.parametrize(
    ("ack", "status"),
    [
        ("read", READ),
        ("played", READ),
        ("delivered", DELIVERED),
        ("device", DELIVERED),
        (2, DELIVERED),
        (3, READ),
        (4, READ),
    ],
)
def test_the_first_shape(ack: object, status: MessageStatus) -> None:
    assert acknowledgement(by_whatsapp(ack)) == Acknowledgement(status, None, "wa-1")
    assert acknowledgement(by_whatsapp(None, ack=ack)) == Acknowledgement(status, None, "wa-1")


def test_the_second_shape() -> None:
    read = by_api("message:update", deliveryStatus="read", waId="wa-1")
    assert acknowledgement(read) == Acknowledgement(READ, "a1", "wa-1")
    assert acknowledgement(by_api("message:out:sent", deliveryStatus="delivered")) == Acknowledgement(
        DELIVERED, "a1", None
    )
    assert acknowledgement(by_api("message:out:failed", status="failed")) == Acknowledgement(FAILED, "a1", None)


def test_the_furthest_word_counts() -> None:
    assert acknowledgement(by_whatsapp("delivered", deliveryStatus="read")) == Acknowledgement(READ, None, "wa-1")


@pytest.mark.parametrize(
    "payload",
    [
        by_whatsapp("sent"),
        by_whatsapp("pending"),
        by_whatsapp([]),
        by_whatsapp(True),
        by_whatsapp("read", flow="inbound"),
        by_whatsapp("read") | {"event": "message:in:new"},
        by_whatsapp("read") | {"data": None},
        by_api("message:out:sent", deliveryStatus="sent"),
    ],
)
def test_the_rest_says_nothing_new(payload: dict[str, Any]) -> None:
    assert acknowledgement(payload) is None
