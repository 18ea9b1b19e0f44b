"""What the public webhook does with what anybody may send to it."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from system.config import get_settings
from system.db.database import close_db, get_db
from system.main import create_app
from system.routers.webhooks import MOST_BYTES
from tests.unit.system.bench import Bench
from tests.unit.system.environment import stack_environment, wait_for_connections
from tests.unit.system.routers.webhook_client import ANSWER, BODY, Client

pytestmark = pytest.mark.real
PATH = "/webhooks/wassenger"
KINDS = ["text", "emoji", "reaction", "voice", "audio", "image", "video", "document"]
NAMES = st.uuids().map(str)
# What PostgreSQL refuses is rare among all characters.
TEXTS = st.text(st.characters(codec=None) | st.sampled_from("\x00\ud800\udfff"), max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
DATA = st.fixed_dictionaries(
    {"id": NAMES | JSON, "fromNumber": st.sampled_from(["+33639980000", "x", None])},
    optional=dict.fromkeys(("flow", "type", "body", "media", "meta", "chat", "ack", "reaction", "waId"), JSON),
)
FIELDS = {
    "event": st.sampled_from(["message:in:new", "message:out:ack", "message:out:failed", "message:reaction"]) | JSON,
    "entityId": NAMES | JSON,
    "ack": JSON,
    "data": DATA | JSON,
}
EVENTS = st.fixed_dictionaries({}, optional=FIELDS)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, postgres_url: str, redis_url: str) -> Iterator[Client]:
    with stack_environment(monkeypatch, postgres_url, redis_url):
        wait_for_connections(get_db())
        yield Client(create_app())


@pytest.fixture
def sent(bench: Bench) -> int:
    (message_id,) = bench.ids(bench.campaign())
    bench.sender().send(message_id)
    return message_id


@example({"event": "message:in:new", "data": {"id": "1", "fromNumber": "+33639980000", "body": "\x00\ud800"}})
@example({"event": "message:in:new", "data": {"id": "2", "fromNumber": "+33639980000", "type": []}})
@given(EVENTS | st.lists(EVENTS | JSON, max_size=4))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_json_is_an_error_of_ours(client: Client, bench: Bench, sent: int, payload: object) -> None:
    answer = client.post(PATH, json.dumps(payload).encode())
    assert answer.status_code in {200, 400}, answer.text
    failed = "SELECT error FROM webhook_inbox WHERE processed_at IS NULL AND error IS DISTINCT FROM %s"
    assert bench.execute(failed, "no message has this identifier") == []


@given(st.binary(max_size=200))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_body_is_an_error_of_ours(client: Client, body: bytes) -> None:
    assert client.post(PATH, body).status_code in {200, 400}


def test_nothing_is_lost_of_what_comes_with_something_bad(client: Client, bench: Bench, sent: int) -> None:
    ack = {"event": "message:out:ack", "entityId": bench.message(sent).gateway_id, "data": {"deliveryStatus": "read"}}
    answer = client.post(PATH, json.dumps([3, {"event": []}, ack, ANSWER, {"event": "x:y", "entityId": "1"}]).encode())
    assert (answer.status_code, answer.json()) == (200, {"received": 3})
    assert bench.message(sent).status == "read"
    assert bench.execute("SELECT type, content FROM interactions") == [{"type": "text", "content": "Oui"}]
    errors = bench.execute("SELECT error FROM webhook_inbox WHERE error IS NOT NULL ORDER BY id")
    assert [row["error"] for row in errors] == [
        "ignored: an event is not an object",
        "ignored: event is missing or strange",
        "ignored: neither an interaction nor an acknowledgement",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_interaction_is_recorded_and_earns_message_2(
    client: Client, bench: Bench, sent: int, kind: str
) -> None:
    data: dict[str, Any] = {"id": "wa-1", "type": kind, "flow": "inbound", "fromNumber": "+33639980000"}
    event = "message:reaction" if kind == "reaction" else "message:in:new"
    assert client.post(PATH, json.dumps({"event": event, "data": data}).encode()).status_code == 200
    assert bench.execute("SELECT type FROM interactions") == [{"type": kind}]
    assert bench.execute("SELECT status FROM messages WHERE kind = 'message_2'") == [{"status": "pending"}]


def test_a_failure_does_not_stop_the_events_behind_it(client: Client, bench: Bench, sent: int) -> None:
    bench.execute("ALTER TABLE interactions RENAME TO gone")
    ack = {"event": "message:out:ack", "data": {"id": bench.message(sent).wa_id, "ack": "delivered"}}
    assert client.post(PATH, json.dumps([ANSWER, ack]).encode()).json() == {"received": 2}
    assert bench.message(sent).status == "delivered"
    (waiting,) = bench.execute("SELECT attempts, error FROM webhook_inbox WHERE processed_at IS NULL")
    assert waiting["attempts"] == 1
    assert "UndefinedTable" in str(waiting["error"])


class Pour:
    """A body of ten megabytes which counts how much of it has been asked for."""

    def __init__(self) -> None:
        self.given = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(160):
            self.given += 65_536
            yield b" " * 65_536


def test_a_body_that_is_too_long_is_not_read_to_its_end(client: Client) -> None:
    body = Pour()
    assert client.post(PATH, body).status_code == 413
    assert body.given <= MOST_BYTES + 2 * 65_536


def test_a_body_that_is_announced_too_long_is_not_read_at_all(client: Client) -> None:
    body = Pour()
    assert client.post(PATH, body, {"Content-Length": "10485760"}).status_code == 413
    assert body.given == 0


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("application/vnd.wassenger+json", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonp", 415),
        ("", 415),
    ],
)
def test_only_json_is_taken(client: Client, content_type: str, status: int) -> None:
    assert client.post(PATH, BODY, {"Content-Type": content_type}).status_code == status


@pytest.mark.parametrize("proof", ["signature", "header"])
def test_once_a_secret_is_set_nothing_enters_without_its_proof(
    client: Client, bench: Bench, monkeypatch: pytest.MonkeyPatch, proof: str
) -> None:
    monkeypatch.setenv("WASSENGER_WEBHOOK_SECRET", "secret")
    monkeypatch.setenv("WASSENGER_WEBHOOK_PROOF", proof)
    get_settings.cache_clear()
    signature = "sha256=" + hmac.new(b"secret", BODY, hashlib.sha256).hexdigest()
    proofs = {"signature": {"X-Wassenger-Signature": signature}, "header": {"X-Wassenger-Secret": "secret"}}
    others = [headers for name, headers in proofs.items() if name != proof]
    for headers in ({}, *others):
        assert client.post(PATH, BODY, headers).status_code == 401
        assert client.post(PATH, b"{", headers).status_code == 401
    assert bench.execute("SELECT id FROM webhook_inbox") == []
    assert client.post(PATH, BODY, proofs[proof]).status_code == 200


def test_what_cannot_be_stored_is_asked_for_again(client: Client, bench: Bench) -> None:
    bench.execute("ALTER TABLE webhook_inbox RENAME TO gone")
    assert client.post(PATH, BODY).status_code == 503
    close_db()


KEY = base64.b64encode(b"k" * 32).decode()


def signed(body: bytes, *, identifier: str = "msg_1", late: float = 0, key: bytes = b"k" * 32) -> dict[str, str]:
    at = str(int(time.time() - late))
    signature = hmac.new(key, f"{identifier}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": identifier,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }


def everything(bench: Bench) -> list[dict[str, object]]:
    return bench.execute(
        """SELECT (SELECT count(*) FROM webhook_inbox) AS inbox, (SELECT count(*) FROM interactions) AS interactions,
               (SELECT count(*) FROM messages) AS messages, (SELECT string_agg(status, ',' ORDER BY id) FROM messages) AS s"""
    )


def test_a_forged_replayed_or_oversized_webhook_changes_nothing(
    client: Client, bench: Bench, sent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WASSENGER_WEBHOOK_SECRET", f"whsec_{KEY}")
    monkeypatch.setenv("WASSENGER_WEBHOOK_PROOF", "standard")
    get_settings.cache_clear()
    before = everything(bench)
    long = b'{"event": "message:in:new", "x": "' + b"a" * MOST_BYTES + b'"}'
    for body, headers, code in (
        (BODY, {}, 401),
        (BODY, signed(BODY, key=b"x" * 32), 401),
        (BODY, signed(BODY) | {"webhook-id": "msg_2"}, 401),
        (BODY + b" ", signed(BODY), 401),
        (BODY, signed(BODY, late=310), 401),
        (BODY, signed(BODY, late=-310), 401),
        (long, signed(long), 413),
    ):
        assert client.post(PATH, body, headers).status_code == code
        assert everything(bench) == before
    genuine = signed(BODY)
    assert client.post(PATH, BODY, genuine).json() == {"received": 1}
    after = everything(bench)
    assert after != before
    # Again as it was, and signed anew: the inbox has it already.
    for headers in (genuine, signed(BODY, identifier="msg_3")):
        assert client.post(PATH, BODY, headers).json() == {"received": 0}
        assert everything(bench) == after


def test_an_application_whose_webhooks_nobody_authenticates_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for secret, proof, told in (("", "none", 1), ("a-secret", "", 0)):
        monkeypatch.setenv("WASSENGER_WEBHOOK_SECRET", secret)
        monkeypatch.setenv("WASSENGER_WEBHOOK_PROOF", proof)
        get_settings.cache_clear()
        caplog.clear()
        create_app()
        assert caplog.text.count("webhooks prove nothing") == told


def test_without_a_secret_the_application_does_not_start_and_no_webhook_is_taken(
    client: Client, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WASSENGER_WEBHOOK_PROOF")
    get_settings.cache_clear()
    with pytest.raises(SystemExit, match=r"^WASSENGER_WEBHOOK_SECRET is missing: .*WASSENGER_WEBHOOK_PROOF=none"):
        create_app()
    assert client.post(PATH, BODY).status_code == 401
    assert bench.execute("SELECT count(*) FROM webhook_inbox") == [{"count": 0}]
