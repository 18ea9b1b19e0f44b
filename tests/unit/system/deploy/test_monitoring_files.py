"""Every metric, and every value of a label, that the alert rules and the dashboard name is one that /metrics gives."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from system.db import heartbeats
from system.deploy.render import DIRECTORY
from system.services.metrics import exposition
from system.tasks.celery_config import task_queues
from tests.unit.system.bench import Bench

pytestmark = pytest.mark.real
MONITORING = DIRECTORY / "monitoring"
# Words of PromQL, and labels, which are asked about elsewhere.
WORDS = {"absent", "sum", "max", "by", "and"}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((MONITORING / "prometheus-rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((MONITORING / "grafana-dashboard.json").read_text())["panels"]
    return found


def expressions() -> list[str]:
    return [rule["expr"] for rule in rules()] + [target["expr"] for panel in panels() for target in panel["targets"]]


@pytest.fixture
def given(bench: Bench) -> dict[str, set[tuple[str, str]]]:
    """The labels of every metric, of a stack in which each of them has a value."""
    bench.campaign(1)
    bench.execute("UPDATE messages SET status = 'unknown'")
    bench.execute("INSERT INTO incidents (component, silent_since) VALUES ('worker', now())")
    with bench.db.transaction() as connection:
        for component in (heartbeats.BEAT, heartbeats.WORKER):
            heartbeats.record(connection, component, "host", seconds_ago=0, beat_seconds=15)
    queues = {queue.name: 0 for queue in task_queues}
    text = exposition(bench.db, queues, daily_limit=1000, clock=lambda: datetime.now(UTC)).decode()
    return {
        family.name: {label for sample in family.samples for label in sample.labels.items()}
        for family in text_string_to_metric_families(text)
    }


def names(expression: str) -> set[str]:
    bare = re.sub(r"\{[^}]*\}|\bby \([^)]*\)", "", expression)
    return set(re.findall(r"[a-z_]{2,}", bare)) - WORDS


def test_every_metric_exists(given: dict[str, set[tuple[str, str]]]) -> None:
    used = set().union(*map(names, expressions()))
    assert used <= set(given), "the dashboard or an alert names what nobody gives"
    assert len(used) > 10


def test_every_value_of_a_label_exists(given: dict[str, set[tuple[str, str]]]) -> None:
    found = [
        (metric, label, value)
        for expression in expressions()
        for metric, inside in re.findall(r"(\w+)\{([^}]*)\}", expression)
        for label, values in re.findall(r'(\w+)=~?"([^"]*)"', inside)
        for value in values.split("|")
    ]
    assert len(found) >= 5
    assert [one for one in found if (one[1], one[2]) not in given[one[0]]] == []


def test_every_label_that_is_grouped_by_exists(given: dict[str, set[tuple[str, str]]]) -> None:
    for expression in expressions():
        for label, metric in re.findall(r"by \((\w+)\) \((\w+)\)", expression):
            assert label in {name for name, _ in given[metric]}


def test_a_panel_and_an_alert_say_what_they_are() -> None:
    assert all(rule["annotations"]["summary"].endswith(".") and rule["labels"]["severity"] for rule in rules())
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_the_check_refuses_a_metric_that_nobody_gives(given: dict[str, set[tuple[str, str]]]) -> None:
    assert not names('sum(whatsapp_queue_length{queue="x"}) > 3') <= set(given)
