"""Brings processes of the reference stack to each crash point, from outside, and keeps them there while a block lasts."""

import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Literal

import psutil
import psycopg

from audit.experiments.laboratory.fault_driver import Stake
from audit.experiments.waiting import wait_until
from checks import database_gates, messages
from checks.database_gates import Gate, closed, waiting
from checks.driver_errors import require
from checks.laboratory import Laboratory
from system.sandbox.gateway_protocol import Behaviour, Rule

STEP_SECONDS = 15.0
WEBHOOKS = 3
_ONE_UNANSWERED = (Rule(outcome="accept_then_timeout", times=1),)
# One send held by the gateway while webhooks are tried.
_ONE_IN_FLIGHT = Behaviour(hold="before")
Point = Callable[[Laboratory, int], AbstractContextManager[Stake]]


def _need(condition: Callable[[], object], what: str) -> None:
    require(condition, STEP_SECONDS, f"point non atteint : {what}")


@contextmanager
def _before_claim(lab: Laboratory, contacts: int) -> Iterator[Stake]:
    """The first claim goes through, so that one send is in flight; the next ones wait in the database."""
    lab.gateway.hold("before")
    with closed(lab.stack.running.database_url, database_gates.CLAIM) as connection:
        keys = lab.stakes.launch(contacts)
        _need(
            lambda: waiting(connection, lab.processes.pool_pids()) and lab.states.sending(),
            "aucune revendication n'attend",
        )
        yield Stake(keys, waiting(connection, lab.processes.pool_pids()))


@contextmanager
def _after_claim(lab: Laboratory, contacts: int) -> Iterator[Stake]:
    """The gateway reads nothing; it is replaced afterwards, so that what was written to it is lost."""
    lab.gateway.freeze()
    try:
        before = lab.states.sending()
        keys = lab.stakes.launch(contacts)
        # Of whichever send: what earlier faults left open may come first.
        _need(lambda: len(lab.states.sending() - before) >= min(contacts, 2), "aucune revendication")
        yield Stake(keys)
    finally:
        lab.gateway.kill()
        lab.gateway.start()


@contextmanager
def _held(lab: Laboratory, contacts: int, behaviour: Behaviour) -> Iterator[frozenset[str]]:
    lab.gateway.behave(behaviour)
    keys = lab.stakes.launch(contacts)
    # Whose child waits for an answer that will not come is not held, and must not have given up when the others are.
    unanswered = sum(rule.times or 0 for rule in behaviour.rules)
    _need(
        lambda: lab.gateway.held() >= max(1, min(contacts, len(lab.processes.pool_pids())) - unanswered),
        "la passerelle ne retient rien",
    )
    yield keys


@contextmanager
def _at_gateway(lab: Laboratory, contacts: int, hold: Literal["before", "after"]) -> Iterator[Stake]:
    with _held(lab, contacts, Behaviour(hold=hold)) as keys:
        yield Stake(keys)


@contextmanager
def _before_record(lab: Laboratory, contacts: int) -> Iterator[Stake]:
    with (
        _held(lab, contacts, Behaviour(hold="after")) as keys,
        closed(lab.stack.running.database_url, database_gates.RECORD) as connection,
    ):
        lab.gateway.release()
        _need(lambda: database_gates.count(connection), "aucun résultat n'attend d'être inscrit")
        yield Stake(keys, waiting(connection, lab.processes.pool_pids()))


@contextmanager
def _after_record(lab: Laboratory, contacts: int) -> Iterator[Stake]:
    """One send stays unanswered, hence in flight; the others are recorded while the broker is silent."""
    with (
        _held(lab, contacts, Behaviour(hold="after", rules=_ONE_UNANSWERED)) as keys,
        lab.stack.frozen_broker(),
    ):
        yield Stake(keys, _recording(lab))


def _recording(lab: Laboratory) -> tuple[int, ...]:
    """Let the gateway answer; the children that have recorded an answer."""
    with psycopg.connect(lab.stack.running.database_url, autocommit=True) as connection:
        # Any send: what earlier faults left open is held by the gateway as well.
        already, moment, held = lab.states.sent(), database_gates.now(connection), lab.gateway.held()
        lab.gateway.release()
        _need(lambda: lab.states.sent() > already, "aucun résultat inscrit")
        # All of them, where they are quick: the unanswered one must not time out meanwhile.
        wait_until(lambda: lab.states.sent() >= already + held, 1.0)
        return database_gates.active_since(connection, moment, lab.processes.pool_pids())


@contextmanager
def _before_ack(lab: Laboratory, contacts: int) -> Iterator[Stake]:
    """The main processes are frozen: children end their task, and nothing is acknowledged to the broker."""
    with _held(lab, contacts, Behaviour(hold="after", rules=_ONE_UNANSWERED)) as keys, ExitStack() as thaw:
        for role in lab.processes.workers():
            main = lab.processes.main_pid(role)
            if main is not None:
                _signal(main, signal.SIGSTOP)
                thaw.callback(_signal, main, signal.SIGCONT)
        yield Stake(keys, _recording(lab))


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        psutil.Process(pid).send_signal(number)
    except psutil.NoSuchProcess:
        return


@contextmanager
def _webhook_at_gate(lab: Laboratory, _contacts: int, gate: Gate) -> Iterator[Stake]:
    """Delivered from threads: an answer may not come; what was not answered is delivered again at the end."""
    phones = lab.stakes.sent_contacts(WEBHOOKS)
    bodies = [lab.stakes.inbound(phone) for phone in phones]
    expected = lab.stakes.follow_ups(phones)
    try:
        with (
            _held(lab, 1, _ONE_IN_FLIGHT) as keys,
            ThreadPoolExecutor(len(bodies)) as pool,
            closed(lab.stack.running.database_url, gate) as connection,
        ):
            for body in bodies:
                pool.submit(lab.webhooks.deliver, body)
            _need(lambda: database_gates.count(connection), "aucun webhook n'attend")
            yield Stake(keys | expected)
    finally:
        lab.gateway.release()
        lab.webhooks.insist(body for body in bodies if body["id"] not in lab.webhooks.acknowledged())


@contextmanager
def _webhook_after_insert(lab: Laboratory, _contacts: int) -> Iterator[Stake]:
    phones = lab.stakes.sent_contacts(WEBHOOKS)
    expected = lab.stakes.follow_ups(phones)
    with _held(lab, 1, _ONE_IN_FLIGHT) as keys, lab.conversations.stall_processing():
        lab.webhooks.insist(lab.stakes.inbound(phone) for phone in phones)
        yield Stake(keys | expected)


@contextmanager
def _webhook_before_publish(lab: Laboratory, _contacts: int) -> Iterator[Stake]:
    phones = lab.stakes.sent_contacts(WEBHOOKS)
    expected = lab.stakes.follow_ups(phones)
    with _held(lab, 1, _ONE_IN_FLIGHT) as keys, lab.stack.frozen_broker():
        lab.webhooks.insist(lab.stakes.inbound(phone) for phone in phones)
        _need(lambda: any(m.key in expected for m in messages.of_phones(lab.stack, phones)), "aucun Message 2 inscrit")
        yield Stake(keys | expected)


POINTS: Mapping[str, Point] = {
    "before-claim": _before_claim,
    "after-claim": _after_claim,
    "before-post": partial(_at_gateway, hold="before"),
    "after-acceptance": partial(_at_gateway, hold="after"),
    "before-record": _before_record,
    "after-record": _after_record,
    "before-ack": _before_ack,
    "webhook-before-insert": partial(_webhook_at_gate, gate=database_gates.INSERT),
    "webhook-after-insert": _webhook_after_insert,
    "webhook-before-publish": _webhook_before_publish,
    "webhook-after-publish": partial(_webhook_at_gate, gate=database_gates.FINISH),
}
