"""How processes of the reference stack are brought to each crash point from outside, and kept there while a block lasts."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

import psutil
import psycopg

from audit.experiments.driver import DriverError
from audit.experiments.laboratory.fault_driver import Stake
from audit.experiments.waiting import wait_until
from checks import database_gates
from checks.database_gates import Gate, closed, waiting
from system.sandbox.gateway_protocol import Behaviour, Rule

if TYPE_CHECKING:
    from checks.fault_driver import ReferenceFaultDriver

STEP_SECONDS = 15.0
WEBHOOKS = 3
_ONE_UNANSWERED = (Rule(outcome="accept_then_timeout", times=1),)
Point = Callable[["ReferenceFaultDriver", int], AbstractContextManager[Stake]]


def _need(condition: Callable[[], object], what: str) -> None:
    if not wait_until(condition, STEP_SECONDS):
        msg = f"point non atteint : {what}"
        raise DriverError(msg)


@contextmanager
def _before_claim(driver: ReferenceFaultDriver, contacts: int) -> Iterator[Stake]:
    """The first claim goes through, so that one send is in flight; the next ones wait in the database."""
    driver.hold("before")
    with closed(driver.stack.database_url, database_gates.CLAIM) as connection:
        keys = driver.launch(contacts)
        _need(lambda: waiting(connection, driver.worker_pids()) and driver.sending(), "aucune revendication n'attend")
        yield Stake(keys, waiting(connection, driver.worker_pids()))


@contextmanager
def _after_claim(driver: ReferenceFaultDriver, contacts: int) -> Iterator[Stake]:
    """The gateway reads nothing; it is replaced afterwards, so that what was written to it is lost."""
    driver.gateway.freeze()
    try:
        before = driver.sending()
        keys = driver.launch(contacts)
        # Of whichever send: what earlier faults left open may come first.
        _need(lambda: len(driver.sending() - before) >= min(contacts, 2), "aucune revendication")
        yield Stake(keys)
    finally:
        driver.gateway.kill()
        driver.gateway.start()


@contextmanager
def _held(driver: ReferenceFaultDriver, contacts: int, behaviour: Behaviour) -> Iterator[frozenset[str]]:
    driver.stack.gateway.behave(behaviour)
    keys = driver.launch(contacts)
    # Whose child waits for an answer that will not come is not held, and must not have given up when the others are.
    unanswered = sum(rule.times or 0 for rule in behaviour.rules)
    _need(
        lambda: driver.held() >= max(1, min(contacts, len(driver.worker_pids())) - unanswered),
        "la passerelle ne retient rien",
    )
    yield keys


@contextmanager
def _before_post(driver: ReferenceFaultDriver, contacts: int) -> Iterator[Stake]:
    with _held(driver, contacts, Behaviour(hold="before")) as keys:
        yield Stake(keys)


@contextmanager
def _after_acceptance(driver: ReferenceFaultDriver, contacts: int) -> Iterator[Stake]:
    with _held(driver, contacts, Behaviour(hold="after")) as keys:
        yield Stake(keys)


@contextmanager
def _before_record(driver: ReferenceFaultDriver, contacts: int) -> Iterator[Stake]:
    with (
        _held(driver, contacts, Behaviour(hold="after")) as keys,
        closed(driver.stack.database_url, database_gates.RECORD) as connection,
    ):
        driver.release()
        _need(lambda: database_gates.count(connection), "aucun résultat n'attend d'être inscrit")
        yield Stake(keys, waiting(connection, driver.worker_pids()))


@contextmanager
def _after_record(driver: ReferenceFaultDriver, contacts: int) -> Iterator[Stake]:
    """One send stays unanswered, hence in flight; the others are recorded while the broker is silent."""
    with (
        _held(driver, contacts, Behaviour(hold="after", rules=_ONE_UNANSWERED)) as keys,
        driver.frozen_broker(),
    ):
        yield Stake(keys, _recording(driver))


def _recording(driver: ReferenceFaultDriver) -> tuple[int, ...]:
    """Let the gateway answer; the children that have recorded an answer."""
    with psycopg.connect(driver.stack.database_url, autocommit=True) as connection:
        # Any send: what earlier faults left open is held by the gateway as well.
        already, moment, held = driver.sent(), database_gates.now(connection), driver.held()
        driver.release()
        _need(lambda: driver.sent() > already, "aucun résultat inscrit")
        # All of them, where they are quick: the unanswered one must not time out meanwhile.
        wait_until(lambda: driver.sent() >= already + held, 1.0)
        return database_gates.active_since(connection, moment, driver.worker_pids())


@contextmanager
def _before_ack(driver: ReferenceFaultDriver, contacts: int) -> Iterator[Stake]:
    """The main processes are frozen: children end their task, and nothing is acknowledged to the broker."""
    with _held(driver, contacts, Behaviour(hold="after", rules=_ONE_UNANSWERED)) as keys, ExitStack() as thaw:
        for role in driver.workers():
            main = driver.main_pid(role)
            if main is not None:
                _signal(main, signal.SIGSTOP)
                thaw.callback(_signal, main, signal.SIGCONT)
        yield Stake(keys, _recording(driver))


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        psutil.Process(pid).send_signal(number)
    except psutil.NoSuchProcess:
        return


@contextmanager
def _in_flight(driver: ReferenceFaultDriver) -> Iterator[frozenset[str]]:
    """One send held by the gateway while webhooks are tried."""
    with _held(driver, 1, Behaviour(hold="before")) as keys:
        yield keys


@contextmanager
def _webhook_at_gate(driver: ReferenceFaultDriver, gate: Gate) -> Iterator[Stake]:
    """Delivered from threads: an answer may not come; what was not answered is delivered again at the end."""
    phones = driver.sent_contacts(WEBHOOKS)
    bodies = [driver.inbound(phone) for phone in phones]
    expected = driver.follow_ups(phones)
    try:
        with (
            _in_flight(driver) as keys,
            ThreadPoolExecutor(len(bodies)) as pool,
            closed(driver.stack.database_url, gate) as connection,
        ):
            for body in bodies:
                pool.submit(driver.webhooks.deliver, body)
            _need(lambda: database_gates.count(connection), "aucun webhook n'attend")
            yield Stake(keys | expected)
    finally:
        driver.release()
        driver.webhooks.insist(body for body in bodies if body["id"] not in driver.webhooks.acknowledged)


@contextmanager
def _webhook_before_insert(driver: ReferenceFaultDriver, _contacts: int) -> Iterator[Stake]:
    with _webhook_at_gate(driver, database_gates.INSERT) as stake:
        yield stake


@contextmanager
def _webhook_after_publish(driver: ReferenceFaultDriver, _contacts: int) -> Iterator[Stake]:
    with _webhook_at_gate(driver, database_gates.FINISH) as stake:
        yield stake


@contextmanager
def _webhook_after_insert(driver: ReferenceFaultDriver, _contacts: int) -> Iterator[Stake]:
    phones = driver.sent_contacts(WEBHOOKS)
    expected = driver.follow_ups(phones)
    with _in_flight(driver) as keys, driver.stall_processing():
        driver.webhooks.insist(driver.inbound(phone) for phone in phones)
        yield Stake(keys | expected)


@contextmanager
def _webhook_before_publish(driver: ReferenceFaultDriver, _contacts: int) -> Iterator[Stake]:
    phones = driver.sent_contacts(WEBHOOKS)
    expected = driver.follow_ups(phones)
    with _in_flight(driver) as keys, driver.frozen_broker():
        driver.webhooks.insist(driver.inbound(phone) for phone in phones)
        _need(lambda: driver.known(expected), "aucun Message 2 inscrit")
        yield Stake(keys | expected)


POINTS: Mapping[str, Point] = {
    "before-claim": _before_claim,
    "after-claim": _after_claim,
    "before-post": _before_post,
    "after-acceptance": _after_acceptance,
    "before-record": _before_record,
    "after-record": _after_record,
    "before-ack": _before_ack,
    "webhook-before-insert": _webhook_before_insert,
    "webhook-after-insert": _webhook_after_insert,
    "webhook-before-publish": _webhook_before_publish,
    "webhook-after-publish": _webhook_after_publish,
}
