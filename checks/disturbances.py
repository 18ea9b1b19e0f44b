"""Disturbs what surrounds the reference stack: broker, database, gateway, webhooks, beats, dates."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import redis

from audit.experiments.laboratory.fault_driver import Stake
from audit.experiments.waiting import wait_until
from checks import daily_limit, messages, wassenger_events
from checks.laboratory import Laboratory
from checks.stack import owned
from system.sandbox.gateway_protocol import Behaviour, Rule
from system.sandbox.processes import GuardedProcess

Disturbance = Callable[[Laboratory], AbstractContextManager[Stake]]
DAILY_LIMIT = 100_000_000
_CONTACTS = 3
_SECONDS = 10.0
_FULL_DAY_SECONDS = 2.0
_TERMINATE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND datname = current_database()
"""


@contextmanager
def _broker_killed(lab: Laboratory, *, emptied: bool = False) -> Iterator[Stake]:
    server = lab.stack.broker
    server.kill()
    if emptied:
        shutil.rmtree(server.directory / "redis")
    try:
        yield Stake()
    finally:
        server.start()


@contextmanager
def _broker_cut(lab: Laboratory) -> Iterator[Stake]:
    with redis.Redis.from_url(lab.stack.running.redis_url) as client:
        for kind in ("normal", "pubsub"):
            client.client_kill_filter(_type=kind, skipme=True)
    yield Stake()


@contextmanager
def _broker_frozen(lab: Laboratory) -> Iterator[Stake]:
    with lab.stack.frozen_broker():
        yield Stake()


@contextmanager
def _database_restarted(lab: Laboratory) -> Iterator[Stake]:
    owned(lab.stack.running.servers.postgres, "PostgreSQL").restart()
    yield Stake()


@contextmanager
def _database_cut(lab: Laboratory) -> Iterator[Stake]:
    lab.stack.rows(_TERMINATE)
    yield Stake()


def _gateway(behaviour: Behaviour) -> Disturbance:
    @contextmanager
    def answering(lab: Laboratory) -> Iterator[Stake]:
        lab.gateway.behave(behaviour)
        yield Stake()

    return answering


@contextmanager
def _gateway_slow(lab: Laboratory) -> Iterator[Stake]:
    lab.gateway.behave(Behaviour(hold="before", latency_after_ms=1500))
    yield Stake()
    lab.gateway.behave(Behaviour())


@contextmanager
def _gateway_refused(lab: Laboratory) -> Iterator[Stake]:
    lab.gateway.kill()
    try:
        yield Stake()
    finally:
        lab.gateway.start()


@contextmanager
def _webhook_duplicated(lab: Laboratory) -> Iterator[Stake]:
    phones = lab.stakes.sent_contacts(_CONTACTS)
    # Each person writes two messages, and each of them is delivered three times at once.
    bodies = [lab.stakes.inbound(phone) for phone in phones * 2]
    with ThreadPoolExecutor(2 * _CONTACTS) as pool:
        list(pool.map(lab.webhooks.deliver, bodies * 3))
    lab.webhooks.insist(bodies)
    yield Stake(lab.stakes.follow_ups(phones))
    lab.webhooks.insist(bodies)


@contextmanager
def _webhook_reordered(lab: Laboratory) -> Iterator[Stake]:
    """Read before delivered, and the answer before both: a status never goes back."""
    phones = lab.stakes.sent_contacts(_CONTACTS)
    stake = Stake(lab.stakes.follow_ups(phones))
    lab.webhooks.insist(lab.stakes.inbound(phone) for phone in reversed(phones))
    wa_ids = [str(message.wa_id) for message in messages.first(lab.stack, phones)]
    for ack in ("read", "delivered"):
        lab.webhooks.insist(wassenger_events.acknowledgement(wa_id, ack) for wa_id in wa_ids)
    yield stake
    if not wait_until(lambda: {m.status for m in messages.first(lab.stack, phones)} == {"read"}, _SECONDS):
        stake.wrong.extend(f"{phone} : accusé de lecture perdu ou reculé" for phone in phones)


@contextmanager
def _webhook_delayed(lab: Laboratory) -> Iterator[Stake]:
    phones = lab.stakes.sent_contacts(_CONTACTS)
    bodies = [lab.stakes.inbound(phone) for phone in phones]
    lab.webhooks.insist(
        wassenger_events.acknowledgement(str(message.wa_id), "read") for message in messages.first(lab.stack, phones)
    )
    yield Stake(lab.stakes.follow_ups(phones))
    lab.webhooks.insist(bodies)


@contextmanager
def _webhook_forged(lab: Laboratory) -> Iterator[Stake]:
    """No key at stake: an interaction or a Message 2 that came of it would be one nobody expects."""
    stake = Stake()
    for phone in lab.stakes.sent_contacts(_CONTACTS):
        body = lab.stakes.inbound(phone)
        if lab.webhooks.deliver(body, secret="forged"):  # noqa: S106
            stake.wrong.append(f"{body['id']} : webhook falsifié accepté")
    yield stake


@contextmanager
def _two_beats(lab: Laboratory) -> Iterator[Stake]:
    stack = lab.stack.running
    command = [sys.executable, "-m", "celery", "-A", "system.tasks.celery_app", "beat", "--pidfile="]
    command += ["--schedule", str(stack.logs / f"second-beat-{os.urandom(4).hex()}")]
    with GuardedProcess("second beat", command, log=stack.logs / "second-beat.log", env=stack.env, cwd=stack.root):
        yield Stake()


@contextmanager
def _midnight(lab: Laboratory) -> Iterator[Stake]:
    """The day is full and nothing new leaves; then tomorrow comes, by moving the day's counter and the dates."""
    daily_limit.fill_day(lab.stack, DAILY_LIMIT)
    before, keys = lab.gateway.held(), lab.stakes.launch(_CONTACTS)
    stake = Stake(keys)
    if wait_until(lambda: lab.gateway.held() > before and lab.states.sending() & keys, _FULL_DAY_SECONDS):
        stake.wrong.append("envois partis alors que la limite du jour était atteinte")
    daily_limit.begin_next_day(lab.stack)
    lab.states.hasten()
    yield stake


@contextmanager
def _window(lab: Laboratory) -> Iterator[Stake]:
    """Message 1 moved to ten minutes under, and two minutes over, 24 h ago: the second ones earn no Message 2."""
    phones = lab.stakes.sent_contacts(2 * _CONTACTS)
    inside, outside = phones[:_CONTACTS], phones[_CONTACTS:]
    lab.states.age(inside, minutes=24 * 60 - 10)
    lab.states.age(outside, minutes=24 * 60 + 2)
    lab.webhooks.insist(lab.stakes.inbound(phone) for phone in phones)
    yield Stake(lab.stakes.follow_ups(inside))


DISTURBANCES: Mapping[str, Disturbance] = {
    "broker-killed": _broker_killed,
    "broker-emptied": partial(_broker_killed, emptied=True),
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
