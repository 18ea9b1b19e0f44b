"""What happens around the reference stack: its broker, its database, its gateway, its webhooks, its beats, its dates."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import psycopg
import redis

from audit.experiments.driver import DriverError
from audit.experiments.laboratory.fault_driver import Stake
from audit.experiments.waiting import wait_until
from checks.webhook_sender import read_receipt
from system.sandbox.gateway_protocol import Behaviour, Rule
from system.sandbox.processes import GuardedProcess
from system.sandbox.server import Server

if TYPE_CHECKING:
    from checks.fault_driver import ReferenceFaultDriver

Disturbance = Callable[["ReferenceFaultDriver"], AbstractContextManager[Stake]]
_CONTACTS = 3
_SECONDS = 10.0
_FULL_DAY_SECONDS = 2.0
_TERMINATE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND datname = current_database()
"""
_FULL = """
    INSERT INTO daily_counters AS d (day, message_1) VALUES (current_date, %(limit)s)
    ON CONFLICT (day) DO UPDATE SET message_1 = %(limit)s
"""
_MIDNIGHT = ("DELETE FROM daily_counters WHERE day < current_date", "UPDATE daily_counters SET day = day - 1")


def _owned(server: Server | None, name: str) -> Server:
    if server is None:
        msg = f"{name} n'est pas à nous : il ne peut être ni tué ni gelé"
        raise DriverError(msg)
    return server


@contextmanager
def _broker_killed(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    server = _owned(driver.stack.servers.redis, "le broker")
    server.kill()
    try:
        yield Stake()
    finally:
        server.start()


@contextmanager
def _broker_emptied(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    server = _owned(driver.stack.servers.redis, "le broker")
    server.kill()
    shutil.rmtree(server.directory / "redis")
    try:
        yield Stake()
    finally:
        server.start()


@contextmanager
def _broker_cut(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    with redis.Redis.from_url(driver.stack.redis_url) as client:
        for kind in ("normal", "pubsub"):
            client.client_kill_filter(_type=kind, skipme=True)
    yield Stake()


@contextmanager
def _broker_frozen(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    with driver.frozen_broker():
        yield Stake()


@contextmanager
def _database_restarted(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    _owned(driver.stack.servers.postgres, "PostgreSQL").restart()
    yield Stake()


@contextmanager
def _database_cut(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    with psycopg.connect(driver.stack.database_url, autocommit=True) as connection:
        connection.execute(_TERMINATE)
    yield Stake()


def _gateway(behaviour: Behaviour) -> Disturbance:
    @contextmanager
    def answering(driver: ReferenceFaultDriver) -> Iterator[Stake]:
        driver.stack.gateway.behave(behaviour)
        yield Stake()

    return answering


@contextmanager
def _gateway_slow(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    driver.stack.gateway.behave(Behaviour(hold="before", latency_after_ms=1500))
    yield Stake()
    driver.stack.gateway.behave(Behaviour())


@contextmanager
def _gateway_refused(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    driver.gateway.kill()
    try:
        yield Stake()
    finally:
        driver.gateway.start()


@contextmanager
def _webhook_duplicated(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    phones = driver.sent_contacts(_CONTACTS)
    # Each person writes two messages, and each of them is delivered three times at once.
    bodies = [driver.inbound(phone) for phone in phones * 2]
    with ThreadPoolExecutor(2 * _CONTACTS) as pool:
        list(pool.map(driver.webhooks.deliver, bodies * 3))
    driver.webhooks.insist(bodies)
    yield Stake(driver.follow_ups(phones))
    driver.webhooks.insist(bodies)


@contextmanager
def _webhook_reordered(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    """Read before delivered, and the answer before both: a status never goes back."""
    phones = driver.sent_contacts(_CONTACTS)
    stake = Stake(driver.follow_ups(phones))
    driver.webhooks.insist(driver.inbound(phone) for phone in reversed(phones))
    for ack in ("read", "delivered"):
        driver.webhooks.insist(read_receipt(wa_id, ack) for wa_id in driver.whatsapp_ids(phones))
    yield stake
    wait_until(lambda: driver.statuses(phones) == {"read"}, _SECONDS)
    if driver.statuses(phones) != {"read"}:
        stake.wrong.extend(f"{phone} : accusé de lecture perdu ou reculé" for phone in phones)


@contextmanager
def _webhook_delayed(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    phones = driver.sent_contacts(_CONTACTS)
    bodies = [driver.inbound(phone) for phone in phones]
    driver.webhooks.insist(read_receipt(wa_id, "read") for wa_id in driver.whatsapp_ids(phones))
    yield Stake(driver.follow_ups(phones))
    driver.webhooks.insist(bodies)


@contextmanager
def _webhook_forged(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    """No key at stake: an interaction or a Message 2 that came of it would be one nobody expects."""
    stake = Stake()
    for phone in driver.sent_contacts(_CONTACTS):
        body = driver.inbound(phone)
        if driver.webhooks.deliver(body, secret="forged"):  # noqa: S106
            stake.wrong.append(f"{body['id']} : webhook falsifié accepté")
    yield stake


@contextmanager
def _two_beats(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    stack = driver.stack
    command = [sys.executable, "-m", "celery", "-A", "system.tasks.celery_app", "beat", "--pidfile="]
    command += ["--schedule", str(stack.logs / f"second-beat-{os.urandom(4).hex()}")]
    with GuardedProcess("second beat", command, log=stack.logs / "second-beat.log", env=stack.env, cwd=stack.root):
        yield Stake()


@contextmanager
def _midnight(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    """The day is full and nothing new leaves; then tomorrow comes, by moving the day's counter and the dates."""
    with psycopg.connect(driver.stack.database_url, autocommit=True) as connection:
        connection.execute(_FULL, {"limit": driver.daily_limit})
        before, keys = driver.held(), driver.launch(_CONTACTS)
        stake = Stake(keys)
        if wait_until(lambda: driver.held() > before and driver.sending() & keys, _FULL_DAY_SECONDS):
            stake.wrong.append("envois partis alors que la limite du jour était atteinte")
        for statement in _MIDNIGHT:
            connection.execute(statement)
    driver.hasten()
    yield stake


@contextmanager
def _window(driver: ReferenceFaultDriver) -> Iterator[Stake]:
    """Message 1 moved to ten minutes under, and two minutes over, 24 h ago: the second ones earn no Message 2."""
    phones = driver.sent_contacts(2 * _CONTACTS)
    inside, outside = phones[:_CONTACTS], phones[_CONTACTS:]
    driver.age(inside, minutes=24 * 60 - 10)
    driver.age(outside, minutes=24 * 60 + 2)
    driver.webhooks.insist(driver.inbound(phone) for phone in phones)
    yield Stake(driver.follow_ups(inside))


DISTURBANCES: Mapping[str, Disturbance] = {
    "broker-killed": _broker_killed,
    "broker-emptied": _broker_emptied,
    "broker-cut": _broker_cut,
    "broker-frozen": _broker_frozen,
    "database-restarted": _database_restarted,
    "database-cut": _database_cut,
    "gateway-429": _gateway(Behaviour(hold="before", rules=(Rule(outcome="status", status=429, times=8),))),
    "gateway-503": _gateway(Behaviour(hold="before", rules=(Rule(outcome="status", status=503, times=8),))),
    "gateway-500-accepted": _gateway(
        Behaviour(hold="after", rules=(Rule(outcome="accept_then_status", status=500, times=8),))
    ),
    "gateway-refused": _gateway_refused,
    "gateway-slow": _gateway_slow,
    "gateway-silent": _gateway(Behaviour(hold="after", rules=(Rule(outcome="accept_then_timeout", times=4),))),
    "webhook-duplicated": _webhook_duplicated,
    "webhook-reordered": _webhook_reordered,
    "webhook-delayed": _webhook_delayed,
    "webhook-forged": _webhook_forged,
    "two-beats": _two_beats,
    "midnight": _midnight,
    "window": _window,
}
