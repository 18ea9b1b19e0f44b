"""Which server of the files is the broker: one that its address names, and no other."""

from pathlib import Path

import pytest

from audit import reading as source
from audit.experiments.canary.shipped_broker import shipped_brokers
from audit.model.target_facts import TargetFacts
from audit.target.target_file import Target

COMPOSE = """
services:
  queue:
    image: redis:7
  cache:
    image: redis:7
    command: redis-server --save ''
  worker:
    image: shop
    command: celery -A shop worker
    {environment}
"""


@pytest.mark.parametrize(
    ("broker", "environment", "named"),
    [
        ("redis://queue:6379/0", "", ["queue"]),
        ("redis://:secret@cache/0", "", ["cache"]),
        ("amqp://rabbitmq//", "", []),
        ("redis://managed.example:6379", "", []),
        ("redis://localhost", "environment: {CELERY_BROKER_URL: 'redis://queue:6379/0'}", ["queue"]),
        ("redis://queue", "environment: {CELERY_BROKER_URL: 'redis://elsewhere:6379/0'}", []),
    ],
)
def test_only_the_server_that_the_address_names(
    tmp_path: Path, broker: str, environment: str, named: list[str]
) -> None:
    text = f"from celery import Celery\n\napp = Celery('shop', broker='{broker}')\n"
    (tmp_path / "shop.py").write_text(text, encoding="utf-8")
    (tmp_path / "compose.yaml").write_text(COMPOSE.format(environment=environment), encoding="utf-8")
    target = Target("shop", tmp_path, celery_app="shop:app")
    found = shipped_brokers(TargetFacts(target, source.collect(target), None))
    assert [one.names[0] for one in found] == named
