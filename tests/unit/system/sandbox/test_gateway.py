"""The double is exercised over real HTTP: its whole point is to behave as a server does."""

import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from system.sandbox.gateway_connection import listening_socket
from system.sandbox.gateway_control import GatewayControl
from system.sandbox.gateway_protocol import Behaviour, Rule
from system.sandbox.processes import GuardedProcess, free_port, wait_until

PHONE = "+33612345678"
DEVICE = "0123456789abcdef01234567"


class Running:
    def __init__(self, ledger: Path) -> None:
        self.ledger_file = ledger
        self.port = free_port()
        self.control = GatewayControl(f"http://127.0.0.1:{self.port}")
        self.api = httpx.Client(base_url=self.control.api_url, headers={"Token": "key"}, timeout=5)
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "system.sandbox.gateway", "--port", str(self.port)]
        command += ["--ledger", str(self.ledger_file)]
        self.process = GuardedProcess("gateway", command, log=self.ledger_file.with_suffix(".log"))
        self.process.wait_ready(lambda: self.process.listens_on(self.port))

    def close(self) -> None:
        self.api.close()
        self.control.close()
        self.process.stop()

    def send(self, reference: str = "m-1", phone: str = PHONE) -> httpx.Response:
        return self.api.post("/messages", json={"phone": phone, "message": "Bonjour", "reference": reference})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("gateway") / "ledger.jsonl")
    yield running
    running.close()


@pytest.fixture
def gateway(shared: Running) -> Iterator[Running]:
    yield shared
    shared.control.behave(Behaviour())


def references(gateway: Running) -> list[str | None]:
    return [entry.reference for entry in gateway.control.ledger()]


def test_an_answer_does_not_wait_for_the_acknowledgement_of_the_one_before() -> None:
    with (
        listening_socket(0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_an_accepted_send_is_in_the_ledger_and_found_by_its_reference(gateway: Running) -> None:
    before = gateway.control.counts().accepted
    answer = gateway.send("m-accepted")
    assert answer.status_code == 201
    sent = answer.json()
    (entry,) = gateway.control.ledger(since=before)
    assert (entry.id, entry.waId, entry.reference, entry.phone) == (sent["id"], sent["waId"], "m-accepted", PHONE)
    assert len(entry.id) == 24
    assert entry.received_at <= entry.accepted_at
    assert [found["id"] for found in gateway.api.get("/messages?reference=m-accepted").json()] == [entry.id]
    assert gateway.api.get("/messages?reference=m-unheard-of").json() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"phone": PHONE, "message": "x", "colour": "blue"}, 400),
        ({"phone": "0612345678", "message": "x"}, 400),
        ({"phone": PHONE, "message": "x", "device": "short"}, 400),
        ({"phone": PHONE}, 400),
        ({"phone": PHONE, "message": "x", "device": DEVICE}, 201),
        ({"phone": PHONE, "message": "x" * 4097}, 400),
        ({"phone": PHONE, "media": {"url": "http://example.org/a.png"}}, 400),
        ({"phone": PHONE, "media": {"url": "https://example.org/a.png", "colour": "blue"}}, 400),
        ({"phone": PHONE, "template": {"name": "accueil"}}, 400),
        ({"phone": PHONE, "template": {"name": "accueil", "language": "fr", "body": ["a\nb"]}}, 400),
        ({"phone": PHONE, "template": {"name": "accueil", "language": "fr", "values": ["a"]}}, 400),
    ],
)
def test_a_body_is_checked_as_the_documentation_says(gateway: Running, body: dict[str, object], status: int) -> None:
    before = gateway.control.counts().accepted
    assert gateway.api.post("/messages", json=body).status_code == status
    assert gateway.control.counts().accepted - before == (status == 201)


@pytest.mark.parametrize(
    "content",
    [
        {"media": {"url": "https://example.org/a.png"}, "message": "x", "template": None},
        {"template": {"name": "accueil", "language": "fr", "body": ["Anne"]}, "message": None, "media": None},
    ],
)
def test_a_file_and_a_template_are_in_the_ledger(gateway: Running, content: dict[str, object]) -> None:
    before = gateway.control.counts().accepted
    said = {name: value for name, value in content.items() if value is not None}
    assert gateway.api.post("/messages", json={"phone": PHONE} | said).status_code == 201
    (entry,) = gateway.control.ledger(since=before)
    assert {name: getattr(entry, name) for name in content} == content


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/messages"), ("GET", "/messages?reference=m"), ("POST", "/numbers/exists")]
)
def test_no_token_no_service(gateway: Running, method: str, path: str) -> None:
    assert httpx.request(method, gateway.control.api_url + path, json={"phone": PHONE}).status_code == 401


def test_numbers_exist_unless_told_otherwise(gateway: Running) -> None:
    gateway.control.behave(Behaviour(missing_numbers=frozenset({"+33600000000"})))
    asked = [gateway.api.post("/numbers/exists", json={"phone": p}) for p in (PHONE, "+33600000000", "12")]
    assert [answer.json().get("exists") for answer in asked] == [True, False, None]
    assert asked[2].status_code == 400


def test_a_rule_applies_to_its_phone_and_so_many_times(gateway: Running) -> None:
    gateway.control.behave(Behaviour(rules=(Rule(phone=PHONE, outcome="status", status=429, times=2),)))
    statuses = [gateway.send(f"m-rule-{n}").status_code for n in range(3)]
    assert gateway.send("m-other", phone="+33699999999").status_code == 201
    assert statuses == [429, 429, 201]
    assert {"m-rule-0", "m-rule-1"}.isdisjoint(references(gateway))


@pytest.mark.parametrize(
    ("rule", "accepted"),
    [
        (Rule(outcome="accept_then_status", status=503), True),
        (Rule(outcome="status", status=500), False),
        (Rule(outcome="accept_then_drop"), True),
        (Rule(outcome="drop_before"), False),
        (Rule(outcome="accept_then_timeout"), True),
    ],
    ids=lambda value: value.outcome if isinstance(value, Rule) else None,
)
def test_a_failed_answer_tells_nothing_about_acceptance(gateway: Running, rule: Rule, accepted: bool) -> None:
    gateway.control.behave(Behaviour(rules=(rule,)))
    reference = f"m-{rule.outcome}"
    body = {"phone": PHONE, "message": "x", "reference": reference}
    if rule.status:
        assert gateway.api.post("/messages", json=body).status_code == rule.status
    else:
        with pytest.raises(httpx.TransportError):
            gateway.api.post("/messages", json=body, timeout=0.5)
    assert (reference in references(gateway)) is accepted


def test_a_client_that_leaves_before_acceptance_is_not_accepted(gateway: Running) -> None:
    gateway.control.behave(Behaviour(latency_before_ms=60_000))
    abandoned = gateway.control.counts().abandoned
    with pytest.raises(httpx.ReadTimeout):
        gateway.api.post("/messages", json={"phone": PHONE, "message": "x", "reference": "m-left"}, timeout=0.2)
    wait_until(lambda: gateway.control.counts().abandoned == abandoned + 1, seconds=5, what="the hang-up was seen")
    assert "m-left" not in references(gateway)
    assert gateway.control.counts().in_flight == 0


def test_latency_after_acceptance_delays_the_answer_only(gateway: Running) -> None:
    gateway.control.behave(Behaviour(latency_after_ms=60_000))
    with pytest.raises(httpx.ReadTimeout):
        gateway.api.post("/messages", json={"phone": PHONE, "message": "x", "reference": "m-slow"}, timeout=0.2)
    assert "m-slow" in references(gateway)


@pytest.mark.parametrize(("side", "accepted_while_held"), [("before", False), ("after", True)])
def test_held_sends_wait_until_they_are_released(gateway: Running, side: str, accepted_while_held: bool) -> None:
    gateway.control.behave(Behaviour.model_validate({"hold": side}))
    names = {f"m-{side}-{n}" for n in range(3)}
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(gateway.send, name) for name in names]
        wait_until(lambda: gateway.control.counts().held == 3, seconds=5, what="three held")
        assert gateway.control.counts().in_flight == 3
        assert names.issubset(references(gateway)) is accepted_while_held
        assert not any(answer.done() for answer in answers)
        assert gateway.control.release() == 3
        assert [answer.result(5).status_code for answer in answers] == [201, 201, 201]
    assert names.issubset(references(gateway))
    assert gateway.control.behaviour().hold is None


def test_a_client_killed_while_held_before_acceptance_is_not_accepted(gateway: Running) -> None:
    gateway.control.behave(Behaviour(hold="before"))
    with pytest.raises(httpx.ReadTimeout):
        gateway.api.post("/messages", json={"phone": PHONE, "message": "x", "reference": "m-dead"}, timeout=0.2)
    wait_until(lambda: gateway.control.counts().held == 0, seconds=5, what="none held")
    gateway.control.release()
    assert "m-dead" not in references(gateway)


def test_lookups_are_counted_and_can_be_refused(gateway: Running) -> None:
    before = gateway.control.counts().lookups
    assert gateway.api.get("/messages").status_code == 400
    gateway.control.behave(Behaviour(lookup_status=503))
    assert gateway.api.get("/messages?reference=m-1").status_code == 503
    assert gateway.control.counts().lookups == before + 2


def test_alerts_are_kept_refused_ones_too(gateway: Running) -> None:
    url = gateway.control.alerts_url
    assert httpx.post(url, json={"incident": "a"}).status_code == 200
    gateway.control.behave(Behaviour(alert_status=503))
    assert httpx.post(url, json={"incident": "b"}).status_code == 503
    assert httpx.post(url, content="not JSON").status_code == 400
    assert httpx.post(url, json=["no object"]).status_code == 400
    received = [(alert.body, alert.answered) for alert in gateway.control.alerts()]
    assert received == [({"incident": "a"}, 200), ({"incident": "b"}, 503)]


def test_an_impossible_behaviour_is_refused(gateway: Running) -> None:
    answer = httpx.put(f"{gateway.control.root_url}/_sandbox/behaviour", json={"latency_before_ms": -1})
    assert answer.status_code == 400
    with pytest.raises(ValueError, match="goes with the outcomes"):
        Rule(outcome="status")


def test_the_ledger_survives_a_kill(tmp_path: Path) -> None:
    running = Running(tmp_path / "ledger.jsonl")
    try:
        running.send("m-kept")
        running.process.signal(signal.SIGKILL)
        running.process.wait(5)
        assert not running.process.running
        with running.ledger_file.open("a") as file:
            file.write('{"seq": 2, "id": "cut sh')
        running.start()
        running.send("m-next")
        assert [(entry.seq, entry.reference) for entry in running.control.ledger()] == [(1, "m-kept"), (2, "m-next")]
    finally:
        running.close()
