import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import redis
from kombu.exceptions import OperationalError

from system.sandbox.processes import wait_until
from system.tasks import heartbeat_tasks
from system.tasks.celery_app import celery_app
from system.tasks.liveness import HEARTBEAT, HeartbeatStep, PublishingWitness
from tests.unit.system.bench import Bench

pytestmark = pytest.mark.usefixtures("in_the_stack")


class FakeTimer:
    """Calls nothing by itself."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.call: Callable[[], None] | None = None

    def call_repeatedly(self, seconds: float, call: Callable[..., None], args: tuple[Any, ...]) -> SimpleNamespace:
        self.seconds, self.call = seconds, lambda: call(*args)
        return SimpleNamespace(cancel=self.cancel)

    def cancel(self) -> None:
        self.call = None


def test_a_consumer_asks_for_heartbeats_until_it_stops(redis_url: str) -> None:
    consumer = SimpleNamespace(app=celery_app, timer=FakeTimer(), steps=[])
    step = HeartbeatStep(consumer)
    step.start(consumer)
    assert consumer.timer.seconds == 15
    consumer.timer.call()
    with redis.Redis.from_url(redis_url) as client:
        asked = [json.loads(text)["headers"] for text in client.lrange("default", 0, -1)]
    assert [headers["task"] for headers in asked] == [HEARTBEAT] * 2
    assert all(headers["expires"] for headers in asked)
    step.stop(consumer)
    assert consumer.timer.call is None
    step.stop(consumer)


def test_a_broker_that_is_away_does_not_end_the_consumer() -> None:
    class Unreachable:
        def send_task(self, *_: Any, **__: Any) -> None:
            raise OperationalError("refused")

    consumer = SimpleNamespace(app=Unreachable(), timer=FakeTimer())
    HeartbeatStep(consumer).start(consumer)
    assert consumer.timer.call is not None


def test_every_worker_has_the_step_and_knows_the_task() -> None:
    assert HeartbeatStep in celery_app.steps["consumer"]
    assert heartbeat_tasks.record_heartbeat.name == HEARTBEAT


def test_the_sign_bears_the_name_of_the_worker_that_executes(bench: Bench) -> None:
    heartbeat_tasks.record_heartbeat.apply(throw=True)
    (row,) = bench.execute("SELECT component, instance FROM heartbeats")
    assert row["component"] == "worker"
    assert row["instance"]


@pytest.fixture
def recorded() -> list[float]:
    return []


def test_each_publication_is_witnessed_even_after_a_failure(recorded: list[float]) -> None:
    failures = iter([psycopg.OperationalError("away")])

    def record(seconds_ago: float) -> None:
        for failure in failures:
            raise failure
        recorded.append(seconds_ago)

    witness = PublishingWitness(record, pause_seconds=0)
    witness.start()
    assert recorded == []

    def publish_and_see() -> bool:
        witness.published(sender="a.task")
        return bool(recorded)

    wait_until(publish_and_see, seconds=10, what="a publication recorded")
    witness.stop()
    assert 0 <= recorded[0] < 10


def test_without_a_publication_nothing_is_said(recorded: list[float]) -> None:
    witness = PublishingWitness(recorded.append, pause_seconds=0)
    witness.start()
    witness.stop()
    assert recorded == []
