from collections.abc import Iterator

import pytest
import redis

from system.main import create_app
from tests.unit.system.bench import Bench
from tests.unit.system.environment import stack_environment
from tests.unit.system.routers.webhook_client import BODY, Client

pytestmark = pytest.mark.real


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, postgres_url: str, redis_url: str) -> Iterator[Client]:
    with stack_environment(monkeypatch, postgres_url, redis_url):
        yield Client(create_app())


def test_an_answer_brings_message_2_to_its_queue(client: Client, bench: Bench, redis_url: str) -> None:
    bench.sender().send(bench.ids(bench.campaign())[0])
    assert client.post("/webhooks/wassenger", content=BODY).json() == {"received": 1}
    assert client.post("/webhooks/wassenger", content=BODY).json() == {"received": 0}
    assert bench.execute("SELECT kind, status FROM messages ORDER BY kind") == [
        {"kind": "message_1", "status": "sent"},
        {"kind": "message_2", "status": "pending"},
    ]
    with redis.Redis.from_url(redis_url) as broker:
        assert broker.llen("messages_high") == 1


def test_a_stranger_s_answer_is_received_and_ignored(client: Client, bench: Bench) -> None:
    assert client.post("/webhooks/wassenger", content=BODY).status_code == 200
    assert bench.execute("SELECT error FROM webhook_inbox") == [
        {"error": "ignored: no message was sent to this number"}
    ]


def test_a_broken_body_is_refused(client: Client) -> None:
    assert client.post("/webhooks/wassenger", content=b"{").status_code == 400


def test_health(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/health/live").json() == {"live": True}
    assert client.get("/health/ready").json() == {"database": True, "writes": True, "redis": True}


def test_not_ready_without_redis(monkeypatch: pytest.MonkeyPatch, postgres_url: str) -> None:
    with stack_environment(monkeypatch, postgres_url, "redis://127.0.0.1:9/0"):
        answer = Client(create_app()).get("/health/ready")
    assert (answer.status_code, answer.json()) == (503, {"database": True, "writes": True, "redis": False})
