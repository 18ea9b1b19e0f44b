"""Sends per second: a campaign of the stack against the bare task, turn by turn on the same servers."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import psycopg

from system.sandbox.gateway_protocol import Behaviour, LedgerEntry
from system.sandbox.processes import GuardedProcess, wait_until
from system.sandbox.stack import REPOSITORY, RunningStack
from system.tasks.celery_config import worker_concurrency
from tests.benchmarks import bare_task, processor
from tests.benchmarks.figures import Row, Series, concluded, ratio, series

BODY = "Bonjour, ceci est une mesure."
LONGEST_SECONDS = 180.0
TARGET = 0.85
# Longer than any real number: nobody can be meant.
_numbers = count()


def phones(number: int) -> list[str]:
    """Numbers that were never used before, and that no telephone has."""
    return [f"+3363998{next(_numbers):07d}" for _ in range(number)]


@contextmanager
def bare_worker(stack: RunningStack) -> Iterator[int]:
    """A worker of the bare task, with the same pool and concurrency; gives its pid."""
    command = [sys.executable, "-m", "celery", "-A", "tests.benchmarks.bare_task", "worker", "--loglevel=INFO"]
    command += [f"--concurrency={worker_concurrency}", "-Q", bare_task.QUEUE, "-n", "bare@%h"]
    env = {**stack.env, "BROKER_URL": stack.redis_url}
    bare_task.app.conf.update(broker_url=stack.redis_url, result_backend=stack.redis_url)
    log = stack.logs / "bare-worker.log"
    # That of an earlier one would say that this one is ready.
    log.unlink(missing_ok=True)
    with GuardedProcess("bare worker", command, log=log, env=env, cwd=REPOSITORY) as process:
        process.wait_ready(lambda: "ready." in log.read_text(errors="replace"), seconds=60)
        yield process.pid()
    bare_task.app.close()


def _rate(entries: list[LedgerEntry], end: float) -> float:
    return len(entries) / (end - entries[0].received_at.timestamp())


def bare_rate(stack: RunningStack, messages: int, latency_ms: float) -> float:
    """Messages per second of the bare task, all of them on the queue before the first is accepted."""
    before = stack.gateway.counts().accepted
    stack.gateway.behave(Behaviour(latency_before_ms=latency_ms, hold="before"))
    with bare_task.app.producer_or_acquire() as producer:
        for number, phone in enumerate(phones(messages)):
            reference = f"bare-{before}-{number}"
            bare_task.post.apply_async(args=[phone, reference, BODY], queue=bare_task.QUEUE, producer=producer)
    released = time.time()
    stack.gateway.release()
    _wait(lambda: stack.gateway.counts().accepted == before + messages, "the bare tasks done")
    entries = stack.gateway.ledger(since=before)
    return len(entries) / (entries[-1].accepted_at.timestamp() - released)


def stack_rate(stack: RunningStack, messages: int, latency_ms: float) -> float:
    """Messages per second of a campaign, from its first request at the gateway until the last is recorded as sent."""
    before = stack.gateway.counts().accepted
    stack.gateway.behave(Behaviour(latency_before_ms=latency_ms))
    campaign_id = stack.launch_campaign("Mesure", BODY, phones(messages))
    query = "SELECT count(*) FROM messages WHERE campaign_id = %s AND status <> 'sent'"
    with psycopg.connect(stack.database_url, autocommit=True) as connection:

        def recorded() -> bool:
            row = connection.execute(query, [campaign_id]).fetchone()
            return row == (0,)

        _wait(recorded, "the campaign sent")
    end = time.time()
    entries = stack.gateway.ledger(since=before)
    if len(entries) != messages:
        raise RuntimeError(f"{len(entries)} messages accepted, {messages} asked: this is no measurement")
    return _rate(entries, end)


def _wait(done: Callable[[], bool], what: str) -> None:
    wait_until(done, seconds=LONGEST_SECONDS, what=what, interval=0.05)


@dataclass
class Cost:
    """Milliseconds of processor a message, a round each: of all that sends, and of the double alone."""

    whole: list[float] = field(default_factory=list)
    double: list[float] = field(default_factory=list)

    @contextmanager
    def noted(self, stack: RunningStack, worker: int, messages: int) -> Iterator[None]:
        """What the block takes, for so many messages sent by this worker."""
        double = processor.double(stack)
        pids = [worker, double, *processor.servers(stack)]
        whole, part = processor.used(*pids), processor.used(double)
        yield
        self.whole.append(processor.each(processor.used(*pids) - whole, messages))
        self.double.append(processor.each(processor.used(double) - part, messages))

    @property
    def text(self) -> str:
        return f"{series(self.whole).text(2)} ms, dont la doublure {series(self.double).text(2)}"


def measure(
    stack: RunningStack, *, messages: int, latency_ms: float, rounds: int, tell: Callable[[str], None]
) -> tuple[Row, Row]:
    """Two lines of the table: both rates, round by round, and what a message takes of the processors."""
    bare, ours, bare_cost, our_cost = [], [], Cost(), Cost()
    with bare_worker(stack) as worker:
        bare_rate(stack, messages // 4, latency_ms)
        stack_rate(stack, messages // 4, latency_ms)
        for number in range(rounds):
            with bare_cost.noted(stack, worker, messages):
                bare.append(bare_rate(stack, messages, latency_ms))
            with our_cost.noted(stack, stack.main_pid("worker"), messages):
                ours.append(stack_rate(stack, messages, latency_ms))
            tell(
                f"sends at {latency_ms:g} ms, round {number + 1}/{rounds}: bare {bare[-1]:.0f}/s, ours {ours[-1]:.0f}/s, "
                f"processor {bare_cost.whole[-1]:.2f} and {our_cost.whole[-1]:.2f} ms"
            )
    return rate_row(series(bare), series(ours), latency_ms), _cost_row(bare_cost, our_cost, latency_ms)


def _cost_row(bare: Cost, ours: Cost, latency_ms: float) -> Row:
    what = f"processeur par message envoyé, passerelle à {latency_ms:g} ms"
    found = ratio(series(bare.whole), series(ours.whole))
    return Row(what, bare.text, ours.text, f"{found.text(2)} (témoin sur pile)", "", None)


def rate_row(bare: Series, ours: Series, latency_ms: float) -> Row:
    """The line of both rates; it concludes nothing when the rounds contradict each other."""
    found = ratio(ours, bare)
    overhead = series([1000 / a - 1000 / b for a, b in zip(ours.values, bare.values, strict=True)])
    return Row(
        f"envois par seconde, passerelle à {latency_ms:g} ms",
        bare.text(),
        ours.text(),
        f"{found.text(2)} ; {overhead.median:+.2f} ms par message",
        f"≥ {TARGET}",
        concluded(found.median >= TARGET, measured=found.steady),
    )
