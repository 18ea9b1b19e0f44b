import httpx
import pytest
import respx

from system.locks import get_locks, retry_key
from system.services.campaigns import create_campaign, launch_campaign
from system.services.recovery import recover
from system.tasks import message_tasks, periodic_tasks
from system.tasks.publishing import publish
from tests.unit.system.bench import Bench
from tests.unit.system.environment import API
from tests.unit.system.tasks.queues import queued

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("in_the_stack")]


def test_a_launch_goes_through_the_dispatcher_to_the_gateway(bench: Bench, redis_url: str) -> None:
    campaign_id = create_campaign(bench.db, "name", "body", ["+33639980001"])
    publish(launch_campaign(bench.db, campaign_id))
    assert queued(redis_url, "default") == [("send_campaign_messages", [campaign_id], {})]
    message_tasks.send_campaign_messages.apply(args=[campaign_id], throw=True)
    (message_id,) = bench.ids(campaign_id)
    named = {"is_template": True, "template_name": None}
    assert queued(redis_url, "messages") == [("send_single_message", [message_id], named)]
    with respx.mock:
        respx.post(f"{API}/messages").respond(201, json={"id": "a1", "waId": "w1"})
        message_tasks.send_single_message.apply(args=[message_id], throw=True)
    assert bench.message(message_id).status == "sent"
    periodic_tasks.sweep_expired_leases.apply(throw=True)
    assert bench.execute("SELECT status FROM campaigns") == [{"status": "sending"}]
    bench.execute("UPDATE messages SET sent_at = sent_at - interval '24 hours'")
    periodic_tasks.check_expired_interactions.apply(throw=True)
    assert bench.execute("SELECT status FROM campaigns") == [{"status": "completed"}]


def test_a_dispatcher_comes_back_while_messages_wait(
    bench: Bench, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_BATCH_SIZE", "2")
    campaign_id = bench.campaign(3)
    message_tasks.send_campaign_messages.apply(args=[campaign_id], throw=True)
    assert len(queued(redis_url, "messages")) == 2
    assert queued(redis_url, "default") == [("send_campaign_messages", [campaign_id], {})]


@pytest.mark.parametrize(("failures", "delay"), [(0, 60), (1, 120), (2, 240)])
@respx.mock
def test_the_task_retries_after_the_delay_of_the_policy(
    bench: Bench, redis_url: str, failures: int, delay: int
) -> None:
    (message_id,) = bench.ids(bench.campaign())
    bench.execute("UPDATE messages SET failures = %s", failures)
    respx.post(f"{API}/messages").mock(return_value=httpx.Response(429))
    message_tasks.send_single_message.apply(args=[message_id])
    (row,) = bench.execute(
        "SELECT failures, status, round(extract(epoch FROM next_attempt_at - now())) AS delay FROM messages"
    )
    assert (row["failures"], row["status"]) == (failures + 1, "pending")
    assert row["delay"] in {delay, delay - 1}


@respx.mock
def test_a_turn_that_fails_retries_one_message_and_publishes_the_rest(bench: Bench, redis_url: str) -> None:
    first, second, third = bench.ids(bench.campaign(3))
    respx.post(f"{API}/messages").mock(
        side_effect=[httpx.Response(201, json={"id": "a1", "waId": "w1"}), httpx.Response(429)]
    )
    message_tasks.send_single_message.apply(args=[first], kwargs={"then": [second, third]})
    assert [bench.message(number).status for number in (first, second, third)] == ["sent", "pending", "pending"]
    assert bench.message(second).failures == 1
    named = {"is_template": True, "template_name": None}
    assert queued(redis_url, "messages") == [("send_single_message", [third], named)]


@respx.mock
def test_a_retry_that_is_being_planned_elsewhere_is_not_published_again(bench: Bench, redis_url: str) -> None:
    (message_id,) = bench.ids(bench.campaign())
    respx.post(f"{API}/messages").mock(return_value=httpx.Response(429))
    with get_locks().hold(retry_key(message_id), ttl_seconds=300):
        message_tasks.send_single_message.apply(args=[message_id], throw=True)
    assert queued(redis_url, "retry") == []
    # Nothing is lost: the lease gives the message to the recovery.
    bench.age(31)
    assert recover(bench.db, lease_seconds=30).message_ids == (message_id,)


@respx.mock
def test_after_the_last_retry_the_message_fails(bench: Bench) -> None:
    (message_id,) = bench.ids(bench.campaign())
    bench.execute("UPDATE messages SET failures = 3")
    respx.post(f"{API}/messages").mock(return_value=httpx.Response(429))
    message_tasks.send_single_message.apply(args=[message_id], throw=True)
    assert bench.message(message_id).status == "failed"


def test_every_periodic_task_leaves_a_row_and_bears_running_twice(bench: Bench, redis_url: str) -> None:
    bench.campaign(2)
    bench.age(60)
    names = [
        "system_health_check",
        "recover_interrupted_campaigns",
        "sweep_expired_leases",
        "check_expired_interactions",
        "sync_monitoring_to_supabase",
        "reset_daily_monitoring",
        "cleanup_expired_locks",
        "forget_old_data",
    ]
    with respx.mock:
        respx.get(f"{API}/messages").respond(200, json=[])
        for name in names * 2:
            getattr(periodic_tasks, name).apply(throw=True)
    runs = bench.execute("SELECT task, count(*) FROM task_runs WHERE outcome = 'done' GROUP BY task ORDER BY task")
    assert runs == [{"task": name, "count": 2} for name in sorted(names)]
    assert [name for name, _, _ in queued(redis_url, "default")] == ["send_campaign_messages"]
