import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.gateway.webhook_body import PayloadError, harmless, parse_body, storable
from system.gateway.webhooks import MOST_EVENTS, parse_events
from tests.unit.system.gateway.payloads import inbound


def parse(payload: object) -> list[str]:
    return [event.dedup_key for event in parse_events(json.dumps(payload).encode())]


def test_both_shapes_have_their_keys() -> None:
    assert parse(inbound()) == ["message:in:new|wa-1|"]
    assert parse(inbound() | {"event": "message:out:ack", "ack": "read"}) == ["message:out:ack|wa-1|read"]
    assert parse({"event": "session:sync", "id": "s1"}) == ["session:sync|s1|"]
    array = [{"event": "message:out:sent", "entityId": "e1"}, {"event": "message:out:failed", "entityId": "e1"}]
    assert parse(array) == ["message:out:sent|e1", "message:out:failed|e1"]


def test_two_states_of_one_message_are_two_events() -> None:
    states = [{"deliveryStatus": "delivered"}, {"deliveryStatus": "read"}]
    array = [{"event": "message:update", "entityId": "e1", "data": data} for data in states]
    assert parse(array) == ["message:update|e1|delivered", "message:update|e1|read"]
    single = inbound(ack="delivered", flow="outbound") | {"event": "message:out:ack"}
    assert parse(single) == ["message:out:ack|wa-1|delivered"]
    # An interaction is one, whatever its own acknowledgement has come to.
    assert parse(inbound(ack="read")) == ["message:in:new|wa-1|"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        '{"event": "e", "id": "é"}'.encode("latin-1"),
        '{"event": "e", "id": "1"}'.encode("utf-16"),
        b"3",
        b'"event"',
        b"null",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 2000 + b'"' + b'\\"' * 100_000,
        b"[" * 2000 + b"]" * 1999 + b"3",
        b"[" * 2000 + b"]" * 2000 + b" 3]",
        b"[" + b"[" * 2000 + b"]" * 2000 + b", {broken}]",
        b'{"event": "a\\u0000", "id": "1"}',
        b'{"event": "e", "id": "\\ud800"}',
        b'{"event": "e", "id": "' + b"x" * 201 + b'"}',
        b"[1]",
        b'[{"event": "e"}]',
        b'{"event": 3, "id": "1"}',
        b'{"event": "e"}',
        b'{"event": "e", "id": "1", "data": ' + b"[" * 100 + b"]" * 100 + b"}",
        json.dumps([{"event": "e", "entityId": "1"}] * (MOST_EVENTS + 1)).encode(),
    ],
)
def test_what_is_not_a_payload_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_events(body)


def test_more_events_than_wassenger_sends_are_taken_all_the_same() -> None:
    assert len(parse([{"event": "e", "entityId": str(number)} for number in range(26)])) == 26
    assert parse([]) == []


@pytest.mark.parametrize("depth", [50, 900, 5_000, 200_000])
@pytest.mark.parametrize("bad", ["nested", "number", "no identifier", "strange identifier"])
def test_nothing_is_lost_of_what_comes_with_something_bad(bad: str, depth: int) -> None:
    element = {
        "nested": '{"event": "e", "entityId": "9", "data": ' + "[" * depth + "]" * depth + "}",
        "number": "3.5",
        "no identifier": '{"event": "e"}',
        "strange identifier": '{"event": "e", "entityId": {"id": [1]}}',
    }[bad]
    good = '{"event": "message:out:sent", "entityId": "%s", "data": {"text": "a, ]\\" [{"}}'
    body = f" [{good % 'e1'}, {element} ,{good % 'e2'}]"
    first, ignored, last = parse_events(body.encode())
    assert (first.dedup_key, last.dedup_key) == ("message:out:sent|e1", "message:out:sent|e2")
    assert first.payload["data"] == {"text": 'a, ]" [{'}
    assert (first.ignored, last.ignored) == (None, None)
    assert ignored.ignored is not None
    assert ignored.ignored.startswith("ignored: ")
    assert len(ignored.payload["raw"]) <= 2000


def test_values_that_no_database_knows_are_replaced() -> None:
    (event,) = parse_events(
        b'\xef\xbb\xbf{"event": "e", "id": "1", "a": NaN, "b": 1e999, "c": "x\\u0000\\ud800y", "d\\u0000": 1.5, "e": '
        + b"9" * 5000
        + b"}"
    )
    assert (event.payload["a"], event.payload["b"], event.payload["c"]) == (None, None, "x\ufffd\ufffdy")
    assert (event.payload["d\ufffd"], event.payload["e"]) == (1.5, "9" * 5000)


TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from("\x00\ufffd\\"), max_size=4)
VALUES = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=30,
)


@given(VALUES, st.booleans(), st.integers(0, 45))
def test_what_is_called_harmless_is_storable_as_it_is(value: object, ascii_only: bool, depth: int) -> None:
    for _ in range(depth):
        value = [value]
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    if harmless(body):
        assert storable(parse_body(body)) == parse_body(body)
