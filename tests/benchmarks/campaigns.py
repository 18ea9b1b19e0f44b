"""A campaign of 100 000 contacts: how long its launch takes, and what it costs the workers in memory."""

import time
from collections.abc import Callable
from threading import Event, Thread

import psutil

from system.db.database import Database
from system.sandbox.gateway_protocol import Behaviour
from system.sandbox.processes import wait_until
from system.sandbox.stack import RunningStack
from system.services.campaigns import create_campaign, launch_campaign
from system.tasks.celery_config import worker_concurrency
from tests.benchmarks import processor
from tests.benchmarks.figures import Row, series
from tests.benchmarks.sends import BODY, phones

LAUNCH_TARGET_SECONDS = 5.0
FLAT = 0.1
MEBIBYTE = 2**20


def launch(stack: RunningStack, *, contacts: int, rounds: int, tell: Callable[[str], None]) -> Row:
    """One line of the table: from a draft for these numbers to a campaign that is sending, nothing published."""
    created, seconds, cpu = [], [], []
    postgres = processor.postgres(stack)
    database = Database(stack.database_url)
    try:
        for number in range(rounds):
            started = time.perf_counter()
            campaign_id = create_campaign(database, "Lancement", BODY, phones(contacts))
            created.append(time.perf_counter() - started)
            before, started = processor.used(*postgres), time.perf_counter()
            launch_campaign(database, campaign_id)
            seconds.append(time.perf_counter() - started)
            cpu.append(processor.used(*postgres) - before)
            tell(
                f"launch of {contacts} contacts, round {number + 1}/{rounds}: {seconds[-1]:.2f} s, CPU {cpu[-1]:.2f} s"
            )
            # Otherwise the recovery would have it sent.
            with database.transaction() as connection:
                connection.execute("UPDATE campaigns SET status = 'cancelled' WHERE id = %s", [campaign_id])
    finally:
        database.close()
    taken = series(seconds)
    return Row(
        f"lancement de {contacts} contacts",
        f"création : {series(created).text(1)} s",
        f"{taken.text(1)} s",
        f"{series(cpu).text(1)} s de processeur dans PostgreSQL",
        f"< {LAUNCH_TARGET_SECONDS:g} s",
        taken.median < LAUNCH_TARGET_SECONDS,
    )


class _Memory:
    """The largest resident set (bytes) of the worker's children, while the block runs."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack, self._ended = stack, Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self.peak = 0

    def _watch(self) -> None:
        while not self._ended.wait(0.25):
            for pid in self._stack.child_pids("worker"):
                try:
                    self.peak = max(self.peak, psutil.Process(pid).memory_info().rss)
                except psutil.NoSuchProcess:
                    continue

    def __enter__(self) -> "_Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def memory(stack: RunningStack, *, few: int, many: int, seconds: float, tell: Callable[[str], None]) -> Row:
    """One line of the table: the children's peak with few contacts and with many, dispatched for at most `seconds`."""
    stack.gateway.behave(Behaviour())
    before = stack.gateway.counts().accepted
    with _Memory(stack) as small:
        stack.launch_campaign("Mémoire", BODY, phones(few))
        wait_until(lambda: stack.gateway.counts().accepted >= before + few, seconds=180, what="the campaign sent")
    tell(f"memory with {few} contacts: {small.peak / MEBIBYTE:.1f} MiB a child")
    before = stack.gateway.counts().accepted
    with _Memory(stack) as large:
        stack.launch_campaign("Mémoire", BODY, phones(many))
        deadline = time.monotonic() + seconds
        wait_until(
            lambda: time.monotonic() > deadline or stack.gateway.counts().accepted >= before + many,
            seconds=seconds + 10,
            what="the time given",
        )
    sent = stack.gateway.counts().accepted - before
    tell(f"memory with {many} contacts, {sent} sent: {large.peak / MEBIBYTE:.1f} MiB a child")
    change = large.peak / small.peak - 1
    return Row(
        f"mémoire d'un enfant du worker, le plus gros des {worker_concurrency}",
        f"{small.peak / MEBIBYTE:.1f} Mio ({few} contacts)",
        f"{large.peak / MEBIBYTE:.1f} Mio ({many} contacts, {sent} envoyés)",
        f"{change:+.1%}",
        f"± {FLAT:.0%}",
        abs(change) <= FLAT,
    )
