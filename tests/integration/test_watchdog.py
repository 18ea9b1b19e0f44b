"""The watchdog beside a real stack: who falls silent is alerted once, whatever happens to the watchdog meanwhile."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
import pytest

from system.sandbox.gateway_protocol import ReceivedAlert
from system.sandbox.processes import wait_until
from system.sandbox.stack import RunningStack, running_stack

pytestmark = pytest.mark.real

AFTER_SECONDS = 10.0
LONGEST_BETWEEN_SIGNS = 6.0
# A look every twentieth of the delay, and what two busy cores may add.
ALLOWANCE_SECONDS = AFTER_SECONDS / 20 + 5.0


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    with running_stack(alert_after_seconds=AFTER_SECONDS) as running:
        yield running


def wait_calm(stack: RunningStack) -> None:
    """Waits until workers and beat give signs of life and no alarm is raised."""

    def calm() -> bool:
        with psycopg.connect(stack.database_url) as connection:
            rows = connection.execute(
                """SELECT a.component FROM alarms AS a JOIN heartbeats AS h USING (component)
                   WHERE NOT a.raised AND h.beat_at > now() - interval '8 s'"""
            ).fetchall()
        return {"worker", "beat"} <= {component for (component,) in rows}

    wait_until(calm, seconds=60, what="workers and beat work and no alarm is raised")


@contextmanager
def frozen(*pids: int) -> Iterator[float]:
    """Processes that are there and do nothing; gives the moment they froze (monotonic)."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield time.monotonic()
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def wait_alerts(stack: RunningStack, since: int, count: int) -> list[ReceivedAlert]:
    seconds = AFTER_SECONDS + 30
    wait_until(lambda: len(stack.gateway.alerts()) >= since + count, seconds=seconds, what=f"{count} alerts")
    return stack.gateway.alerts()[since:]


def moment(stack: RunningStack, what: str) -> datetime:
    """The worker's last sign of life, or the last look at it."""
    query = {
        "sign": "SELECT max(beat_at) FROM heartbeats WHERE component = 'worker'",
        "look": "SELECT looked_at FROM alarms WHERE component = 'worker'",
    }[what]
    with psycopg.connect(stack.database_url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    assert isinstance(row[0], datetime)
    return row[0]


def wait_next(stack: RunningStack, what: str) -> None:
    before = moment(stack, what)
    wait_until(lambda: moment(stack, what) > before, seconds=20, what=f"another {what}")


def test_frozen_programs_are_named_in_time_and_their_return_is_quiet(stack: RunningStack) -> None:
    wait_calm(stack)
    before = len(stack.gateway.alerts())
    with frozen(stack.main_pid("worker"), stack.main_pid("beat")) as since:
        alerts = wait_alerts(stack, before, 2)
        silent = time.monotonic() - since
    assert sorted(alert.body["component"] for alert in alerts) == ["beat", "worker"]
    # The last sign may be as old as the time between two of them.
    assert AFTER_SECONDS - LONGEST_BETWEEN_SIGNS <= silent <= AFTER_SECONDS + ALLOWANCE_SECONDS
    wait_calm(stack)
    assert len(stack.gateway.alerts()) == before + 2
    lines = [json.loads(line) for line in stack.supervisor.log.read_text().splitlines() if line.startswith("{")]
    recovered = {line["component"] for line in lines if line["event"] == "recovered"}
    assert {"worker", "beat"} <= recovered


def test_frozen_children_flapping_and_the_death_of_the_watchdog_are_one_alert(stack: RunningStack) -> None:
    wait_calm(stack)
    before = len(stack.gateway.alerts())
    children = stack.child_pids("worker")
    # The main process still asks for heartbeats; nobody executes them.
    with frozen(*children):
        (alert,) = wait_alerts(stack, before, 1)
        assert alert.body["component"] == "worker"
        old = stack.main_pid("watchdog")
        os.kill(old, signal.SIGKILL)
        assert stack.wait_back("watchdog", old) != old
    for _ in range(5):
        wait_next(stack, "sign")
        with frozen(*children):
            wait_next(stack, "look")
    wait_calm(stack)
    assert len(stack.gateway.alerts()) == before + 1
