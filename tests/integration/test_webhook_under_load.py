"""The public webhook of the running stack, while thousands of Message 1 wait."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
import redis

from system.domain.wakeups import MOST_IN_TURN
from system.sandbox.demo import fictional_phones
from system.sandbox.gateway_protocol import Behaviour, LedgerEntry
from system.sandbox.processes import wait_until
from system.sandbox.stack import RunningStack, running_stack

pytestmark = pytest.mark.real
WAITING = 2000
PROMISED_SECONDS = 5.0
PATH = "/webhooks/wassenger"


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    # The whole campaign on its queue at once, not a window of it.
    env = {"DAILY_MESSAGE_LIMIT": "1000000", "DISPATCH_BATCH_SIZE": str(WAITING)}
    with running_stack(extra_env=env) as running:
        yield running


def rows(stack: RunningStack, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


def answer(stack: RunningStack, phone: str, identifier: str) -> float:
    """Delivers a text of this person; returns when (seconds since the epoch)."""
    data = {"id": identifier, "type": "text", "flow": "inbound", "fromNumber": phone, "body": "oui"}
    at = time.time()
    payload = {"event": "message:in:new", "data": data}
    httpx.post(stack.web_url + PATH, json=payload, timeout=10, trust_env=False).raise_for_status()
    return at


def sent_to(stack: RunningStack, phone: str) -> list[LedgerEntry]:
    return [entry for entry in stack.gateway.ledger() if entry.phone == phone]


def test_message_2_passes_thousands_of_message_1(stack: RunningStack) -> None:
    phones = [f"+3363997{number:04d}" for number in range(5)]
    stack.launch_campaign("Répondants", "Bonjour", phones)
    wait_until(lambda: stack.gateway.counts().accepted == len(phones), seconds=20, what="the first campaign sent")
    stack.gateway.behave(Behaviour(latency_before_ms=300))
    stack.launch_campaign("Deux mille", "Bonjour", fictional_phones(WAITING))
    published = "SELECT count(*) FROM messages WHERE status = 'pending' AND published_at IS NOT NULL"
    with redis.Redis.from_url(stack.redis_url) as broker:
        wait_until(lambda: rows(stack, published)[0][0] > WAITING - 200, seconds=30, what="the Message 1 published")
        asked = {phone: answer(stack, phone, f"wa-{phone}") for phone in phones}
        wait_until(
            lambda: all(len(sent_to(stack, phone)) == 2 for phone in phones), seconds=30, what="every Message 2 sent"
        )
        assert broker.llen("messages") > WAITING / MOST_IN_TURN / 2
        assert rows(stack, published)[0][0] > WAITING - 400
    took = {phone: sent_to(stack, phone)[1].accepted_at.timestamp() - at for phone, at in asked.items()}
    assert max(took.values()) < PROMISED_SECONDS, took
    # The delay that keeps it from looking like a machine's answer.
    assert min(took.values()) > 1.9, took


def test_hostile_bodies_are_refused_and_nothing_is_lost_of_what_comes_with_them(stack: RunningStack) -> None:
    stack.gateway.behave(Behaviour())
    (phone,) = ["+33639960001"]
    stack.launch_campaign("Accusés", "Bonjour", [phone])
    wait_until(lambda: len(sent_to(stack, phone)) == 1, seconds=60, what="its Message 1 sent")
    (entry,) = sent_to(stack, phone)
    acks = [
        {"event": "message:update", "entityId": entry.id, "data": {"deliveryStatus": word}} for word in ("read", "sent")
    ]
    too_deep = "[" * 100_000 + "]" * 100_000
    hostile = {
        b"{": 400,
        b"\xff\xfe": 400,
        too_deep.encode(): 400,
        b" " * 10_485_760: 413,
        f"[{json.dumps(acks[0])}, 3, {too_deep}, {json.dumps(acks[1])}]".encode(): 200,
    }
    for body, status in hostile.items():
        headers = {"Content-Type": "application/json"}
        got = httpx.post(stack.web_url + PATH, content=body, headers=headers, timeout=10, trust_env=False)
        assert got.status_code == status, got.text
    query = "SELECT status FROM messages WHERE gateway_id = %s"
    wait_until(lambda: rows(stack, query, entry.id) == [("read",)], seconds=20, what="the acknowledgement recorded")
    errors = rows(stack, "SELECT error FROM webhook_inbox WHERE error LIKE 'ignored: an event%%'")
    assert len(errors) == 2


def test_a_lock_left_by_a_dead_process_costs_a_campaign_seconds(stack: RunningStack) -> None:
    phone = "+33639960002"
    ((last,),) = rows(stack, "SELECT max(id) FROM campaigns")
    with redis.Redis.from_url(stack.redis_url) as client:
        client.set(f"campaign:lock:{last + 1}", "elsewhere:1:dead|token", ex=300)
    assert stack.launch_campaign("Verrou", "Bonjour", [phone]) == last + 1
    wait_until(lambda: len(sent_to(stack, phone)) == 1, seconds=20, what="its Message 1 sent")
