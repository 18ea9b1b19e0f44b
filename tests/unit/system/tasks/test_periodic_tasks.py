from datetime import UTC, datetime, timedelta

import pytest
import redis
import respx

from system.config import get_settings
from system.gateway.outcomes import Refused
from system.tasks import periodic_tasks
from system.tasks.celery_app import celery_app
from system.tasks.queue_lengths import queue_lengths
from tests.unit.system.bench import Bench
from tests.unit.system.environment import API

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("in_the_stack")]


def detail(bench: Bench, task: str) -> dict[str, object]:
    (row,) = bench.execute("SELECT detail FROM task_runs WHERE task = %s ORDER BY id DESC LIMIT 1", task)
    assert isinstance(row["detail"], dict)
    return row["detail"]


@respx.mock
def test_the_health_check_covers_every_part_and_shows_the_counters(bench: Bench, redis_url: str) -> None:
    respx.get(f"{API}/messages").respond(200, json=[])
    today = datetime.now(UTC).date()
    for day, count in ((today, 3), (today - timedelta(days=1), 2), (today - timedelta(days=2), 1)):
        bench.execute("INSERT INTO daily_counters (day, message_1) VALUES (%s, %s)", day, count)
    for _ in range(2):
        celery_app.send_task("nothing", queue="messages_high")
    periodic_tasks.system_health_check.apply(throw=True)
    found = detail(bench, "system_health_check")
    assert found["problems"] == []
    assert found["queues"] == {"default": 0, "messages": 0, "messages_high": 2, "retry": 0, "verification": 0}
    assert (found["today"], found["error_rate"]) == ({"message_1": 3, "message_2": 0, "errors": 0}, 0)
    with redis.Redis.from_url(redis_url) as client:
        assert client.get(f"whatsapp:daily:{today}:message_1") == b"3"
        assert client.get(f"whatsapp:daily:{today - timedelta(days=1)}:message_1") == b"2"
        assert not client.exists(f"whatsapp:daily:{today - timedelta(days=2)}:message_1")
        assert 0 < client.ttl(f"whatsapp:daily:{today}:errors") <= 48 * 3600


def test_a_broker_that_is_away_has_no_queue_lengths() -> None:
    celery_app.conf.update(broker_url="redis://127.0.0.1:9/0")
    celery_app.close()
    assert queue_lengths() is None


@respx.mock
def test_with_a_project_the_counters_go_through_its_api(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_URL", "https://project.example")
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "key")
    get_settings.cache_clear()
    periodic_tasks.reset_daily_monitoring.apply(throw=True)
    route = respx.post("https://project.example/rest/v1/monitoring_snapshots").respond(201)
    periodic_tasks.sync_monitoring_to_supabase.apply(throw=True)
    assert route.call_count == 1
    assert detail(bench, "sync_monitoring_to_supabase") == {"days": 1, "supabase": True}
    assert bench.execute("SELECT day FROM monitoring_snapshots") == []


def test_locks_of_the_dead_are_released_and_the_others_reported(bench: Bench, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("campaign:lock:7", "host:1:dead|token", ex=300)
        client.set("idempotency:send:8", "host:2:alive|token", ex=300)
        client.set("lock:owner:host:2:alive", "1", ex=300)
        periodic_tasks.cleanup_expired_locks.apply(throw=True)
        assert client.exists("campaign:lock:7", "idempotency:send:8") == 1
    found = detail(bench, "cleanup_expired_locks")
    assert found["released"] == ["campaign:lock:7"]
    assert found["remaining"] in [
        [{"key": "idempotency:send:8", "owner": "host:2:alive", "seconds": seconds}] for seconds in range(290, 301)
    ]


def test_a_sweep_tells_what_it_found_and_nothing_when_it_found_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "system.tasks.periodic_tasks")
    periodic_tasks.sweep_expired_leases.apply(throw=True)
    assert [record for record in caplog.records if record.message == "swept"] == []
    campaign = bench.campaign(1)
    bench.age(3600)
    periodic_tasks.sweep_expired_leases.apply(throw=True)
    (told,) = [record for record in caplog.records if record.message == "swept"]
    assert told.__dict__["campaigns"] == [campaign]


@pytest.mark.parametrize("task", ["sweep_expired_leases", "close_overdue_campaigns", "check_expired_interactions"])
def test_a_campaign_that_only_failed_is_stopped_whichever_task_comes_first(bench: Bench, task: str) -> None:
    campaign = bench.campaign(20)
    for number in bench.ids(campaign):
        bench.gateway.answers.append(Refused("HTTP 404", retryable=False))
        bench.sender().send(number)
    getattr(periodic_tasks, task).apply(throw=True)
    assert bench.execute("SELECT status FROM campaigns WHERE id = %s", campaign) == [{"status": "paused"}]
    assert detail(bench, task)["stopped"] == [campaign]
