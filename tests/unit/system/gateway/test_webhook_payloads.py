import hashlib
import hmac
import json
from typing import Any

import pytest

from system.domain.phone import PhoneNumber
from system.gateway.authenticity import is_authentic
from system.gateway.webhooks import Interaction, PayloadError, interaction, parse_events


def inbound(**data: Any) -> dict[str, Any]:
    base = {"id": "wa-1", "type": "text", "flow": "inbound", "fromNumber": "+33639980001", "body": "Oui"}
    return {"id": "wa-1", "event": "message:in:new", "data": base | data}


def parse(payload: object) -> list[str]:
    return [event.dedup_key for event in parse_events(json.dumps(payload).encode())]


def test_both_shapes_have_their_keys() -> None:
    assert parse(inbound()) == ["message:in:new|wa-1|"]
    assert parse(inbound() | {"event": "message:out:ack", "ack": "read"}) == ["message:out:ack|wa-1|read"]
    assert parse({"event": "session:sync", "id": "s1"}) == ["session:sync|s1|"]
    array = [{"event": "message:out:sent", "entityId": "e1"}, {"event": "message:out:failed", "entityId": "e1"}]
    assert parse(array) == ["message:out:sent|e1", "message:out:failed|e1"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b"3",
        b"[" * 100_000,
        b'{"event": "a\\u0000", "id": "1"}',
        b"[1]",
        b'[{"event": "e"}]',
        b'{"event": 3, "id": "1"}',
        b'{"event": "e"}',
        json.dumps([{"event": "e", "entityId": "1"}] * 26).encode(),
    ],
)
def test_what_is_not_a_payload_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_events(body)


@pytest.mark.parametrize("kind", ["text", "emoji", "ptt", "audio", "image", "video", "document"])
def test_every_type_is_an_interaction(kind: str) -> None:
    found = interaction(inbound(type=kind))
    assert found == Interaction(PhoneNumber("+33639980001"), kind, "Oui", "wa-1")


def test_a_reaction_is_an_interaction() -> None:
    found = interaction(inbound(body=None, reaction={"emoji": "👍"}) | {"event": "message:reaction"})
    assert found is not None
    assert (found.type, found.content) == ("reaction", '{"emoji": "👍"}')


@pytest.mark.parametrize(
    "payload",
    [
        inbound() | {"event": "message:out:new"},
        inbound() | {"data": "text"},
        inbound(flow="outbound"),
        inbound(meta={"isGroup": True}),
        inbound(fromNumber="120363@g.us"),
        inbound(fromNumber=None),
    ],
)
def test_other_events_are_not(payload: dict[str, Any]) -> None:
    assert interaction(payload) is None


def test_a_secret_once_set_is_asked_for() -> None:
    signature = "sha256=" + hmac.new(b"secret", b"body", hashlib.sha256).hexdigest()
    assert is_authentic(None, b"body", None)
    assert is_authentic("secret", b"body", signature)
    assert not is_authentic("secret", b"body", None)
    assert not is_authentic("secret", b"other", signature)
    assert not is_authentic("secret", b"body", "sha256=é")
