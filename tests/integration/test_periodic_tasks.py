"""Each periodic task on a real worker, run twice at once: its effect is there, once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
import redis
from celery import Celery

from system.sandbox.gateway_protocol import Behaviour
from system.sandbox.processes import wait_until
from system.sandbox.stack import RunningStack, running_stack

pytestmark = pytest.mark.real
PREFIX = "system.tasks.periodic_tasks."


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    with running_stack(extra_env={"DAILY_MESSAGE_LIMIT": "1000000"}) as running:
        yield running


def rows(stack: RunningStack, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        cursor = connection.execute(query.encode(), parameters)
        return cursor.fetchall() if cursor.description else []


def run_twice(stack: RunningStack, task: str) -> list[dict[str, Any]]:
    """Publishes the task twice and waits for two more runs; what each returned. A failed run fails here."""
    since = datetime.now(UTC)
    with Celery(broker=stack.redis_url, set_as_current=False) as app:
        for _ in range(2):
            app.send_task(PREFIX + task, queue="default", ignore_result=True)
    query = "SELECT outcome, detail FROM task_runs WHERE task = %s AND started_at >= %s"
    wait_until(lambda: len(rows(stack, query, task, since)) >= 2, seconds=30, what=f"{task} run twice")
    found = rows(stack, query, task, since)
    assert [outcome for outcome, _ in found if outcome != "done"] == [], found
    return [detail for _, detail in found]


def send_one(stack: RunningStack, phone: str) -> None:
    """One Message 1, accepted by the gateway and recorded as sent."""
    stack.launch_campaign("Tâches périodiques", "Bonjour", [phone])
    query = "SELECT count(*) FROM messages m JOIN contacts c ON c.id = m.contact_id WHERE c.phone = %s AND m.status = 'sent'"
    wait_until(lambda: rows(stack, query, phone) == [(1,)], seconds=30, what="Message 1 sent")


def sends(stack: RunningStack, phone: str) -> int:
    return len([entry for entry in stack.gateway.ledger() if entry.phone == phone])


def test_system_health_check_asks_every_part(stack: RunningStack) -> None:
    for detail in run_twice(stack, "system_health_check"):
        assert detail["problems"] == []
        assert all(detail[part] is True for part in ("database", "redis", "broker", "gateway")), detail
        assert {"messages", "messages_high"} <= detail["queues"].keys()


def test_recover_interrupted_campaigns_sends_what_a_dead_sender_left(stack: RunningStack) -> None:
    phone = "+33639950001"
    send_one(stack, phone)
    # As a sender that died before the POST leaves it; the gateway has nothing under the new reference.
    rows(
        stack,
        """UPDATE messages SET status = 'sending', lease_token = gen_random_uuid(), lease_until = now() - interval '1 s',
               reference = 'orphan-1', gateway_id = NULL, sent_at = NULL, wa_id = NULL
           WHERE contact_id = (SELECT id FROM contacts WHERE phone = %s)""",
        phone,
    )
    run_twice(stack, "recover_interrupted_campaigns")
    wait_until(lambda: sends(stack, phone) == 2, seconds=30, what="the orphan sent")
    run_twice(stack, "recover_interrupted_campaigns")
    assert [e.reference for e in stack.gateway.ledger() if e.phone == phone].count("orphan-1") == 1


def test_check_expired_interactions_cancels_a_late_message_2(stack: RunningStack) -> None:
    phone = "+33639950002"
    send_one(stack, phone)
    ((campaign, contact),) = rows(
        stack,
        "UPDATE messages SET sent_at = now() - interval '25 hours' WHERE contact_id = "
        "(SELECT id FROM contacts WHERE phone = %s) RETURNING campaign_id, contact_id",
        phone,
    )
    rows(
        stack,
        """INSERT INTO messages (campaign_id, contact_id, kind, body, reference, next_attempt_at, published_at)
           VALUES (%s, %s, 'message_2', 'Merci', 'late-2', now() + interval '1 hour', now() + interval '1 hour')""",
        campaign,
        contact,
    )
    run_twice(stack, "check_expired_interactions")
    assert rows(stack, "SELECT status FROM messages WHERE reference = 'late-2'") == [("cancelled",)]
    assert sends(stack, phone) == 1


def test_sync_monitoring_persists_the_counters(stack: RunningStack) -> None:
    send_one(stack, "+33639950003")
    run_twice(stack, "sync_monitoring_to_supabase")
    today = date_of(stack)
    ((kept,),) = rows(stack, "SELECT counters FROM monitoring_snapshots WHERE day = %s", today)
    ((message_1,),) = rows(stack, "SELECT message_1 FROM daily_counters WHERE day = %s", today)
    assert kept["message_1"] == message_1 >= 1


def date_of(stack: RunningStack) -> date:
    """The UTC day, as the database sees it."""
    ((today,),) = rows(stack, "SELECT (now() AT TIME ZONE 'UTC')::date")
    assert isinstance(today, date)
    return today


def test_reset_daily_monitoring_loses_no_count(stack: RunningStack) -> None:
    today = date_of(stack)
    old = today - timedelta(days=40)
    rows(stack, "INSERT INTO daily_counters (day, message_1, errors) VALUES (%s, 7, 2)", old)
    send_one(stack, "+33639950004")
    before = rows(stack, "SELECT message_1, message_2, errors FROM daily_counters WHERE day = %s", today)
    run_twice(stack, "reset_daily_monitoring")
    assert rows(stack, "SELECT message_1, message_2, errors FROM daily_counters WHERE day = %s", today) == before
    ((archived,),) = rows(stack, "SELECT counters FROM monitoring_snapshots WHERE day = %s", old)
    assert (archived["message_1"], archived["errors"]) == (7, 2)


def test_cleanup_expired_locks_releases_the_dead_and_keeps_the_living(stack: RunningStack) -> None:
    dead, living = "campaign:lock:990001", "campaign:lock:990002"
    with redis.Redis.from_url(stack.redis_url) as client:
        client.set(dead, "elsewhere:1:gone|token", ex=300)
        client.set("lock:owner:elsewhere:2:alive", "1", ex=60)
        client.set(living, "elsewhere:2:alive|token", ex=300)
        details = run_twice(stack, "cleanup_expired_locks")
        assert client.get(dead) is None
        assert client.get(living) == b"elsewhere:2:alive|token"
        client.delete(living)
    released = [key for detail in details for key in detail["released"]]
    assert released.count(dead) == 1
    assert all(living in [lock["key"] for lock in detail["remaining"]] for detail in details)


def test_the_sweep_wakes_what_nobody_holds(stack: RunningStack) -> None:
    phone = "+33639950005"
    stack.gateway.behave(Behaviour(hold="before"))
    stack.launch_campaign("Bail", "Bonjour", [phone])
    wait_until(lambda: stack.gateway.counts().held == 1, seconds=20, what="the send held")
    run_twice(stack, "sweep_expired_leases")
    assert stack.gateway.counts().held <= 1
    stack.gateway.release()
    stack.gateway.behave(Behaviour())
    query = "SELECT m.status FROM messages m JOIN contacts c ON c.id = m.contact_id WHERE c.phone = %s"
    wait_until(lambda: rows(stack, query, phone) == [("sent",)], seconds=60, what="the send recorded")
    assert sends(stack, phone) == 1
