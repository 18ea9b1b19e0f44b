"""Webhooks per second, stored before they are answered: the stack's web process against a route that only answers."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import psycopg

from system.sandbox.processes import GuardedProcess, free_port, wait_until
from system.sandbox.stack import REPOSITORY, RunningStack
from tests.benchmarks import processor
from tests.benchmarks.client import Answers, as_fast_as_answered, at_a_rate, request
from tests.benchmarks.figures import Row, concluded, percentile, ratio, series

PATH = "/webhooks/wassenger"
CONNECTIONS = 64
TARGET = 0.6
P99_TARGET_MS = 30.0
_numbers = count()


@contextmanager
def bare_web(stack: RunningStack) -> Iterator[tuple[str, int]]:
    """The bare route under the same uvicorn; gives its URL and its pid."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "tests.benchmarks.bare_web:create_app"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with GuardedProcess("bare web", command, log=stack.logs / "bare-web.log", env=stack.env, cwd=REPOSITORY) as process:
        process.wait_ready(lambda: process.listens_on(port))
        yield f"http://127.0.0.1:{port}{PATH}", process.pid()


def sent_messages(stack: RunningStack, number: int) -> None:
    """Messages that were sent, for the webhooks to acknowledge."""
    with psycopg.connect(stack.database_url) as connection:
        connection.execute(
            """WITH c AS (INSERT INTO campaigns (name, message_template, follow_up_template, status)
                          VALUES ('Accusés', 'x', 'y', 'completed') RETURNING id),
                    p AS (INSERT INTO contacts (phone) SELECT '+3363997' || lpad(n::text, 7, '0')
                          FROM generate_series(1, %s) AS n RETURNING id)
               INSERT INTO messages (campaign_id, contact_id, kind, body, reference, status, gateway_id, wa_id, sent_at)
               SELECT c.id, p.id, 'message_1', 'x', 'bench-' || p.id, 'sent', 'g-' || row_number() OVER (),
                      'ACK' || row_number() OVER () - 1, now() FROM c, p""",
            [number],
        )
        connection.execute("ANALYZE messages")


def acknowledgements(url: str) -> Iterator[bytes]:
    """Requests that each say « delivered » of another message, in Wassenger's first shape (shared/facts/wassenger.md)."""
    for number in _numbers:
        identifier = f"ACK{number}"
        data = {"id": identifier, "type": "text", "flow": "outbound", "ack": "delivered", "meta": {"isGroup": False}}
        event = {
            "id": identifier,
            "object": "message",
            "event": "message:out:ack",
            "created": 0,
            "ack": "delivered",
            "data": data,
        }
        yield request(url, json.dumps(event).encode())


def _stored(stack: RunningStack, *, processed: bool = False) -> int:
    query = "SELECT count(*) FROM webhook_inbox WHERE processed_at IS NOT NULL OR NOT %s"
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        row = connection.execute(query, [processed]).fetchone()
    return int(row[0]) if row else 0


def _drained(stack: RunningStack) -> float:
    """Seconds until everything stored is processed."""
    started = time.monotonic()
    wait_until(lambda: _stored(stack) == _stored(stack, processed=True), seconds=180, what="webhooks processed")
    return time.monotonic() - started


@dataclass
class Side:
    """What rounds of the route that only answers, or of the stack, came to; milliseconds of processor are for one webhook."""

    url: str
    raw: Iterator[bytes]
    pids: Sequence[int]
    rates: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    client: list[float] = field(default_factory=list)

    def round(self, seconds: float, drained: Callable[[], float]) -> tuple[Answers, float]:
        """One more: what was answered, and the seconds until all of it was processed."""
        before = processor.used(*self.pids)
        answers = as_fast_as_answered(self.url, self.raw, connections=CONNECTIONS, seconds=seconds)
        rest = drained()
        self.rates.append(answers.rate)
        self.processor.append(processor.each(processor.used(*self.pids) - before, answers.answered))
        self.client.append(processor.each(answers.processor, answers.answered))
        return answers, rest


def measure(stack: RunningStack, *, seconds: float, rounds: int, tell: Callable[[str], None]) -> tuple[Row, Row, Row]:
    """Three lines of the table: the rates, the processor, and the 99th percentile at half the stack's own rate."""
    url = stack.web_url + PATH
    sent_messages(stack, int(3000 * (rounds + 2) * seconds))
    ours = Side(url, acknowledgements(url), [stack.main_pid("web"), *processor.postgres(stack)])
    drains, halves = [], []
    with bare_web(stack) as (bare_url, pid):
        bare = Side(bare_url, iter(lambda: request(bare_url, b'{"event":"message:out:ack"}'), b""), [pid])
        for side in (bare, ours):
            as_fast_as_answered(side.url, side.raw, connections=CONNECTIONS, seconds=1)
        _drained(stack)
        for number in range(rounds):
            bare.round(seconds, lambda: 0.0)
            before = _stored(stack)
            answers, drain = ours.round(seconds, lambda: _drained(stack))
            _all_stored(stack, before, answers)
            drains.append(drain)
            half = [next(ours.raw) for _ in range(int(answers.rate / 2 * seconds))]
            halves.append(at_a_rate(url, half, connections=CONNECTIONS, per_second=answers.rate / 2))
            _drained(stack)
            tell(
                f"webhooks, round {number + 1}/{rounds}: bare {bare.rates[-1]:.0f}/s, ours {ours.rates[-1]:.0f}/s, "
                f"processor {bare.processor[-1]:.2f} and {ours.processor[-1]:.2f} ms, p99 {_p99(halves[-1].latencies):.0f} ms"
            )
    return _rate_row(bare, ours, drains), _cost_row(bare, ours), _latency_row(halves)


def _p99(seconds: Sequence[float]) -> float:
    return 1000 * percentile(seconds, 0.99)


def _all_stored(stack: RunningStack, before: int, answers: Answers) -> None:
    stored = _stored(stack) - before
    if stored != answers.answered:
        raise RuntimeError(f"{answers.answered} webhooks answered 200, {stored} stored: this is no measurement")


def _rate_row(bare: Side, ours: Side, drains: list[float]) -> Row:
    rates, told = series(bare.rates), series(ours.rates)
    found = ratio(told, rates)
    return Row(
        "webhooks par seconde, enregistrés avant la réponse",
        rates.text(),
        told.text(),
        f"{found.text(2)} ; tous traités {series(drains).median:.1f} s après la salve",
        f"≥ {TARGET}",
        concluded(found.median >= TARGET, measured=found.steady),
    )


def _cost_row(bare: Side, ours: Side) -> Row:
    def text(side: Side) -> str:
        return f"{series(side.processor).text(2)} ms, et le client {series(side.client).text(2)}"

    found = ratio(series(bare.processor), series(ours.processor))
    return Row("processeur par webhook", text(bare), text(ours), f"{found.text(2)} (témoin sur pile)", "", None)


def _latency_row(halves: list[Answers]) -> Row:
    tail = series([_p99(answers.latencies) for answers in halves])
    late = series([_p99(answers.late) for answers in halves])
    return Row(
        "99e centile à demi-charge",
        "",
        f"{tail.text(1)} ms",
        f"retard du client lui-même, 99e centile : {late.text(1)} ms",
        f"< {P99_TARGET_MS:g} ms",
        # What the client adds by being late is not the stack's.
        concluded(tail.median < P99_TARGET_MS, measured=tail.steady and late.median < P99_TARGET_MS / 3),
    )
