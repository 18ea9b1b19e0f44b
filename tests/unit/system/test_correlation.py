"""One identifier from the webhook to the gateway, through the inbox, the broker and the worker's task."""

import json

import httpx
import pytest
import redis
import respx
from celery import signals

from system import correlation
from system.main import create_app
from system.services import inbox
from system.tasks import message_tasks
from system.tasks.publishing import publish
from tests.unit.system.bench import Bench
from tests.unit.system.environment import API
from tests.unit.system.routers.webhook_client import BODY, Client

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("in_the_stack")]
GIVEN = "request-of-somebody.1"


def queued_identifiers(redis_url: str, queue: str) -> list[str | None]:
    with redis.Redis.from_url(redis_url) as client:
        raw = client.lrange(queue, 0, -1)
    return [json.loads(text)["headers"].get(correlation.TASK_HEADER) for text in raw]


def test_a_webhook_s_identifier_reaches_the_task_of_message_2(bench: Bench, redis_url: str) -> None:
    bench.sender().send(bench.ids(bench.campaign())[0])
    answer = Client(create_app()).post("/webhooks/wassenger", BODY, {correlation.HEADER: GIVEN})
    assert answer.headers[correlation.HEADER] == GIVEN
    assert queued_identifiers(redis_url, "messages_high") == [GIVEN]


def test_the_sweep_goes_on_under_the_identifier_of_the_request(bench: Bench, redis_url: str) -> None:
    bench.sender().send(bench.ids(bench.campaign())[0])
    app = create_app()
    bench.execute("ALTER TABLE interactions RENAME TO gone")
    Client(app).post("/webhooks/wassenger", BODY, {correlation.HEADER: GIVEN})
    bench.execute("ALTER TABLE gone RENAME TO interactions")
    assert bench.execute("SELECT correlation_id FROM webhook_inbox") == [{"correlation_id": GIVEN}]
    bench.execute("UPDATE webhook_inbox SET next_attempt_at = now()")
    with correlation.correlated("the-sweep-itself"):
        publish(inbox.process_left_behind(bench.db))
    assert queued_identifiers(redis_url, "messages_high") == [GIVEN]


@respx.mock
def test_a_task_s_identifier_goes_to_the_gateway_and_to_what_it_publishes(bench: Bench, redis_url: str) -> None:
    first, second = bench.ids(bench.campaign(2))
    asked = respx.post(f"{API}/messages").mock(
        side_effect=[httpx.Response(201, json={"id": "a1"}), httpx.Response(429)]
    )
    message_tasks.send_single_message.apply(
        args=[first], kwargs={"then": [second]}, headers={correlation.TASK_HEADER: GIVEN}
    )
    assert [call.request.headers[correlation.HEADER] for call in asked.calls] == [GIVEN, GIVEN]
    assert correlation.current() is None


def test_what_is_published_under_an_identifier_carries_it(bench: Bench, redis_url: str) -> None:
    with correlation.correlated(GIVEN):
        message_tasks.send_campaign_messages.apply_async(args=[bench.campaign()], queue="default")
    message_tasks.send_campaign_messages.apply_async(args=[1], queue="default")
    assert queued_identifiers(redis_url, "default") == [None, GIVEN]


@pytest.mark.parametrize("strange", ["", "short", "x" * 65, "with space", "line\nbreak", None, 7])
def test_an_identifier_that_cannot_be_one_is_replaced(strange: object) -> None:
    assert correlation.accepted(strange) != strange
    assert correlation.accepted(GIVEN) == GIVEN


def test_a_task_that_never_began_ends_quietly() -> None:
    signals.task_postrun.send(sender=None, task_id="never began")
