"""The sends, with RabbitMQ carrying Celery's messages instead of Redis."""

import os
import signal
from collections.abc import Iterator

import psycopg
import pytest
import redis

from system.sandbox.demo import fictional_phones
from system.sandbox.gateway_protocol import Behaviour
from system.sandbox.processes import wait_until
from system.sandbox.stack import RunningStack, running_stack
from system.sandbox.tally import tally
from tests.integration.rabbitmq_server import PROGRAM, RabbitServer, rabbitmq_server

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not PROGRAM.exists(), reason="RabbitMQ is not installed (Debian's package rabbitmq-server)"),
]


@pytest.fixture(scope="module")
def broker() -> Iterator[RabbitServer]:
    with rabbitmq_server() as running:
        yield running


@pytest.fixture(scope="module")
def stack(broker: RabbitServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(data_dir=tmp_path_factory.mktemp("stack"), extra_env={"BROKER_URL": broker.url}) as running:
        yield running


def open_messages(stack: RunningStack) -> int:
    with psycopg.connect(stack.database_url) as connection:
        query = "SELECT count(*) FROM messages WHERE status IN ('pending', 'sending', 'unknown')"
        (count,) = connection.execute(query).fetchone() or (0,)
    return int(count)


def wait_sent(stack: RunningStack, phones: list[str], since: int) -> None:
    """Waits until nothing is left to do, then counts."""
    wait_until(lambda: open_messages(stack) == 0, seconds=90, what="every message final", interval=0.2)
    assert tally(phones, stack.gateway.ledger(since=since)).exactly_once


def test_a_campaign_is_sent_and_redis_carries_no_message(stack: RunningStack) -> None:
    since, phones = stack.gateway.counts().accepted, fictional_phones(100)
    stack.launch_campaign("RabbitMQ", "Bonjour", phones)
    wait_sent(stack, phones, since)
    with redis.Redis.from_url(stack.redis_url) as client:
        assert [key for key in client.scan_iter() if b"kombu" in key or b"messages" in key] == []


def test_what_a_killed_worker_was_sending_is_sent_once(stack: RunningStack) -> None:
    since, phones = stack.gateway.counts().accepted, fictional_phones(20)
    stack.gateway.behave(Behaviour(hold="after"))
    stack.launch_campaign("Reprise", "Bonjour", phones)
    wait_until(lambda: stack.gateway.counts().held == 4, seconds=20, what="four sends held")
    old = stack.main_pid("worker")
    os.kill(old, signal.SIGKILL)
    stack.gateway.release()
    stack.wait_back("worker", old)
    wait_sent(stack, phones, since)


def test_what_a_killed_child_was_sending_is_sent_once(stack: RunningStack) -> None:
    since, phones = stack.gateway.counts().accepted, fictional_phones(20)
    stack.gateway.behave(Behaviour(hold="after"))
    stack.launch_campaign("Enfant", "Bonjour", phones)
    wait_until(lambda: stack.gateway.counts().held == 4, seconds=20, what="four sends held")
    os.kill(stack.child_pids("worker")[0], signal.SIGKILL)
    stack.gateway.release()
    wait_sent(stack, phones, since)


def test_a_broker_that_restarts_delays_and_doubles_nobody(stack: RunningStack, broker: RabbitServer) -> None:
    since, phones = stack.gateway.counts().accepted, fictional_phones(200)
    stack.gateway.behave(Behaviour(latency_before_ms=50))
    stack.launch_campaign("Panne", "Bonjour", phones)
    wait_until(lambda: stack.gateway.counts().accepted - since >= 40, seconds=30, what="forty sends accepted")
    broker.kill()
    broker.start()
    stack.gateway.behave(Behaviour())
    wait_sent(stack, phones, since)
