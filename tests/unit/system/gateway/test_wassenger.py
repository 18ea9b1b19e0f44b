import json
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
import respx

from system.gateway.outcomes import Accepted, AccountStopped, NotFound, NumberChecked, Outgoing, Refused, Uncertain
from system.gateway.wassenger import WassengerGateway

API = "https://api.example/v1"
MESSAGE = Outgoing("+33639980001", "Bonjour", "m-1-abc-1")


@pytest.fixture
def gateway() -> Iterator[WassengerGateway]:
    made = WassengerGateway(API, "key", "0123456789abcdef01234567", timeout_seconds=2)
    yield made
    made.close()


@respx.mock
def test_a_send_says_what_the_documentation_asks(gateway: WassengerGateway) -> None:
    route = respx.post(f"{API}/messages").respond(
        201, json={"id": "a1", "waId": "w1", "createdAt": "2026-01-02T03:04:05Z"}
    )
    assert gateway.post(MESSAGE) == Accepted("a1", "w1", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    request = route.calls.last.request
    assert request.headers["Token"] == "key"
    assert json.loads(request.content) == {
        "phone": "+33639980001",
        "device": "0123456789abcdef01234567",
        "reference": "m-1-abc-1",
        "message": "Bonjour",
    }


TEMPLATE = {"template": {"name": "accueil", "language": "en_GB", "body": ["Anne"]}}
MEDIA = {"media": {"url": "https://example.org/a.png"}}


@pytest.mark.parametrize(
    ("named", "content", "beside"),
    [
        ("accueil", None, {"template": {"name": "accueil", "language": "fr"}}),
        (None, TEMPLATE, TEMPLATE),
        (None, MEDIA, MEDIA | {"message": "Bonjour"}),
    ],
)
@respx.mock
def test_a_template_replaces_the_text_and_a_file_does_not(
    gateway: WassengerGateway, named: str | None, content: dict[str, object] | None, beside: dict[str, object]
) -> None:
    route = respx.post(f"{API}/messages").respond(201, json={"id": "a1"})
    gateway.post(Outgoing("+33639980001", "Bonjour", "m-1", named, content))
    body = json.loads(route.calls.last.request.content)
    assert {key: body[key] for key in body if key not in {"phone", "device", "reference"}} == beside


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Refused("HTTP 400", retryable=False)),
        (409, Refused("HTTP 409", retryable=False)),
        (401, AccountStopped("HTTP 401")),
        (402, AccountStopped("HTTP 402")),
        (403, AccountStopped("HTTP 403")),
        (429, Refused("HTTP 429", retryable=True)),
        (408, Uncertain("HTTP 408")),
        (500, Uncertain("HTTP 500")),
        (503, Uncertain("HTTP 503")),
        (302, Uncertain("HTTP 302")),
        (201, Uncertain("HTTP 201 without an id")),
    ],
)
@respx.mock
def test_what_a_status_means(gateway: WassengerGateway, status: int, outcome: object) -> None:
    respx.post(f"{API}/messages").respond(status, json={"message": "…"})
    assert gateway.post(MESSAGE) == outcome


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
@respx.mock
def test_what_was_never_written_was_surely_not_sent(gateway: WassengerGateway, error: type[httpx.HTTPError]) -> None:
    respx.post(f"{API}/messages").mock(side_effect=error)
    outcome = gateway.post(MESSAGE)
    assert isinstance(outcome, Refused)
    assert outcome.retryable


@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError]
)
@respx.mock
def test_what_was_written_unanswered_is_uncertain(gateway: WassengerGateway, error: type[httpx.HTTPError]) -> None:
    respx.post(f"{API}/messages").mock(side_effect=error)
    assert isinstance(gateway.post(MESSAGE), Uncertain)


@respx.mock
def test_only_the_exact_reference_is_found(gateway: WassengerGateway) -> None:
    listed = [{"id": "x", "reference": "m-1-abc-12"}, {"id": "a1", "waId": "w1", "reference": "m-1-abc-1"}]
    route = respx.get(f"{API}/messages", params={"reference": "m-1-abc-1"}).respond(200, json=listed)
    assert gateway.find_by_reference("m-1-abc-1") == Accepted("a1", "w1")
    route.respond(200, json=listed[:1])
    assert gateway.find_by_reference("m-1-abc-1") == NotFound()


@pytest.mark.parametrize(
    "listed",
    [
        [{"id": "x", "reference": "m-1-abc-12"}, {"id": "y", "reference": "m-2-def-1"}],
        [{"id": "x"}],
        [{"id": f"x{number}", "reference": f"m-1-abc-1{number}"} for number in range(20)],
    ],
    ids=["another's", "nobody's", "a full page"],
)
@respx.mock
def test_a_list_that_is_not_filtered_is_never_not_found(
    gateway: WassengerGateway, listed: list[dict[str, str]]
) -> None:
    route = respx.get(f"{API}/messages", params={"reference": "m-1-abc-1"}).respond(200, json=listed)
    assert gateway.find_by_reference("m-1-abc-1") == Uncertain("lookup: the filter is not honoured")
    route.respond(200, json=[])
    assert gateway.find_by_reference("m-1-abc-1") == NotFound()


@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(401), httpx.Response(200, json={"a": 1})])
@respx.mock
def test_a_lookup_that_says_nothing_is_never_not_found(gateway: WassengerGateway, answer: httpx.Response) -> None:
    respx.get(f"{API}/messages").mock(return_value=answer)
    assert isinstance(gateway.find_by_reference("m-1"), Uncertain)
    respx.get(f"{API}/messages").mock(side_effect=httpx.ReadTimeout)
    assert isinstance(gateway.find_by_reference("m-1"), Uncertain)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (httpx.Response(200, json={"exists": True}), NumberChecked(exists=True)),
        (httpx.Response(200, json={"exists": False, "phone": "+33639980001"}), NumberChecked(exists=False)),
        (httpx.Response(200, json={"exists": "yes"}), Uncertain("not an answer about a number")),
        (httpx.Response(200, json=[]), Uncertain("not an answer about a number")),
        (httpx.Response(402), AccountStopped("HTTP 402")),
        (httpx.Response(400), Uncertain("HTTP 400")),
        (httpx.Response(503), Uncertain("HTTP 503")),
    ],
)
@respx.mock
def test_whether_a_number_exists(gateway: WassengerGateway, answer: httpx.Response, outcome: object) -> None:
    route = respx.post(f"{API}/numbers/exists").mock(return_value=answer)
    assert gateway.number_exists("+33639980001") == outcome
    assert json.loads(route.calls.last.request.content) == {"phone": "+33639980001"}
    route.mock(side_effect=httpx.ReadTimeout)
    assert isinstance(gateway.number_exists("+33639980001"), Uncertain)


def test_certificates_are_verified(gateway: WassengerGateway) -> None:
    context = httpx.create_ssl_context()
    transport = gateway._client._transport
    assert isinstance(transport, httpx.HTTPTransport)
    found = transport._pool._ssl_context
    assert found is not None
    assert (found.verify_mode, found.check_hostname) == (context.verify_mode, True)
