"""The state of the system for Prometheus, read when it is asked for: processes keep no counters of their own."""

from collections.abc import Iterator, Mapping

import psycopg
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from system.clock import utc_now
from system.db import metrics, monitoring
from system.db.database import Database
from system.domain.counters import DayCounters
from system.domain.daily_limit import DailyLimit, LimitLevel
from system.services.ports import Clock


def exposition(db: Database, queues: Mapping[str, int] | None, *, daily_limit: int, clock: Clock = utc_now) -> bytes:
    """Every metric, in Prometheus's text format 0.0.4; `queues` are wake-ups by queue, None when the broker is away.

    What cannot be read is absent, and `whatsapp_database_up` or `whatsapp_broker_up` is 0. Nothing names a person.
    """
    registry = CollectorRegistry()
    registry.register(_State([*_of_the_broker(queues), *_of_the_database(db, daily_limit, clock)]))
    return generate_latest(registry)


class _State(Collector):
    def __init__(self, families: list[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._families


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"whatsapp_{name}", what, value=value)


def _gauges(name: str, what: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"whatsapp_{name}", what, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _of_the_broker(queues: Mapping[str, int] | None) -> Iterator[GaugeMetricFamily]:
    yield _gauge("broker_up", "1 when the broker answers, else 0.", float(queues is not None))
    yield _gauges("queue_wakeups", "Wake-ups that wait in each of the broker's queues.", "queue", queues or {})


def _of_the_database(db: Database, daily_limit: int, clock: Clock) -> Iterator[GaugeMetricFamily]:
    try:
        with db.transaction() as connection:
            waiting = monitoring.open_messages(connection)
            days = monitoring.counters(connection, since=clock().date())
            found = metrics.backlog(connection)
    except psycopg.Error:
        yield _gauge("database_up", "1 when PostgreSQL answers, else 0.", 0)
        return
    yield _gauge("database_up", "1 when PostgreSQL answers, else 0.", 1)
    yield _gauges("messages_open", "Messages that are not in a final state, by status.", "status", waiting)
    yield from _of_the_day(days[0] if days else DayCounters(clock().date(), 0, 0, 0), daily_limit)
    yield _gauges("campaigns", "Campaigns by status.", "status", found.campaigns)
    yield _gauge("webhooks_unprocessed", "Webhook events stored and not yet processed.", found.webhooks)
    yield _gauge(
        "webhook_oldest_seconds",
        "Age of the oldest that waits for nothing but its turn, 0 when there is none.",
        found.oldest_webhook,
    )
    yield _gauges(
        "heartbeat_age_seconds", "Since the last sign of life of any instance.", "component", found.heartbeat_ages
    )
    yield _gauges("incidents_open", "Silences raised by the watchdog and not ended.", "component", found.incidents)


def _of_the_day(today: DayCounters, daily_limit: int) -> Iterator[GaugeMetricFamily]:
    kinds = {"message_1": today.message_1, "message_2": today.message_2}
    yield _gauges("day_messages", "Messages counted in the present UTC day, by kind.", "kind", kinds)
    yield _gauge("day_errors", "Messages that failed for good in the present UTC day.", today.errors)
    yield _gauge("day_limit_messages", "The most messages of both kinds a UTC day.", daily_limit)
    level = DailyLimit(daily_limit).level(today)
    levels = {each.value: float(each is level) for each in LimitLevel}
    yield _gauges(
        "day_limit_level", "1 for the level the day is at: ok, attention, danger or blocked.", "level", levels
    )
