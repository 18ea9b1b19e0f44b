from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from system.config import get_settings
from system.db import heartbeats
from system.db.database import Database
from system.main import create_app
from system.services.metrics import exposition
from tests.unit.system.bench import Bench
from tests.unit.system.environment import stack_environment
from tests.unit.system.routers.webhook_client import BODY, Client

pytestmark = pytest.mark.real


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, postgres_url: str, redis_url: str) -> Iterator[Client]:
    with stack_environment(monkeypatch, postgres_url, redis_url):
        yield Client(create_app())


def samples(text: str) -> dict[tuple[str, str], float]:
    """Values by name and the only label's value."""
    families = text_string_to_metric_families(text)
    return {(s.name, "".join(s.labels.values())): s.value for family in families for s in family.samples}


def test_metrics_are_what_the_database_and_the_broker_say(client: Client, bench: Bench) -> None:
    first, *_ = bench.ids(bench.campaign(3))
    bench.sender().send(first)
    client.post("/webhooks/wassenger", BODY)
    bench.execute("UPDATE webhook_inbox SET processed_at = NULL, received_at = now() - interval '1 hour'")
    with bench.db.transaction() as connection:
        heartbeats.record(connection, heartbeats.WORKER, "a", beat_seconds=15, seconds_ago=40)
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(answer.text)
    for name, label, value in [
        ("whatsapp_database_up", "", 1),
        ("whatsapp_broker_up", "", 1),
        ("whatsapp_messages_open", "pending", 3),
        ("whatsapp_day_messages", "message_1", 1),
        ("whatsapp_day_messages", "message_2", 0),
        ("whatsapp_day_errors", "", 0),
        ("whatsapp_day_limit_messages", "", 1000),
        ("whatsapp_day_limit_level", "ok", 1),
        ("whatsapp_day_limit_level", "blocked", 0),
        ("whatsapp_campaigns", "sending", 1),
        ("whatsapp_queue_wakeups", "messages_high", 1),
        ("whatsapp_webhooks_unprocessed", "", 1),
    ]:
        assert found[name, label] == value, (name, label)
    assert 39 < found["whatsapp_heartbeat_age_seconds", "worker"] < 100
    assert 3599 < found["whatsapp_webhook_oldest_seconds", ""] < 3700
    # Whatever process answers, and however often it is asked.
    assert samples(client.get("/metrics").text).keys() == found.keys()
    assert "33639980000" not in answer.text


def test_what_is_away_is_said_and_the_rest_is_absent() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none", wait_seconds=0.1)
    found = samples(exposition(database, None, daily_limit=1).decode())
    database.close()
    assert found == {("whatsapp_database_up", ""): 0, ("whatsapp_broker_up", ""): 0}


def test_once_a_token_is_set_metrics_ask_for_it(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_TOKEN", "secret")
    get_settings.cache_clear()
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", {"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", {"Authorization": "Bearer secret"}).status_code == 200
