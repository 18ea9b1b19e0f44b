"""Webhooks per second, stored before they are answered: the stack's web process against a route that only answers."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import psycopg

from system.sandbox.processes import GuardedProcess, free_port, wait_until
from system.sandbox.stack import REPOSITORY, RunningStack
from tests.benchmarks.client import Answers, as_fast_as_answered, at_a_rate, request
from tests.benchmarks.figures import Row, percentile, ratio, series

PATH = "/webhooks/wassenger"
CONNECTIONS = 64
TARGET = 0.5
P99_TARGET_MS = 50.0
_numbers = count()


@contextmanager
def bare_web(stack: RunningStack) -> Iterator[str]:
    """The bare route under the same uvicorn; gives its URL."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "tests.benchmarks.bare_web:create_app"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with GuardedProcess("bare web", command, log=stack.logs / "bare-web.log", env=stack.env, cwd=REPOSITORY) as process:
        process.wait_ready(lambda: process.listens_on(port))
        yield f"http://127.0.0.1:{port}{PATH}"


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


def measure(stack: RunningStack, *, seconds: float, rounds: int, tell: Callable[[str], None]) -> tuple[Row, Row]:
    """Two lines of the table: the rates, and the 99th percentile at half the stack's own rate."""
    ours_url = stack.web_url + PATH
    sent_messages(stack, int(3000 * (rounds + 2) * seconds))
    ours_raw = acknowledgements(ours_url)
    bare: list[float] = []
    ours: list[float] = []
    drains: list[float] = []
    p99: list[float] = []
    with bare_web(stack) as bare_url:
        bare_raw = iter(lambda: request(bare_url, b'{"event":"message:out:ack"}'), b"")
        for url, raw in ((bare_url, bare_raw), (ours_url, ours_raw)):
            as_fast_as_answered(url, raw, connections=CONNECTIONS, seconds=1)
        _drained(stack)
        for number in range(rounds):
            bare.append(as_fast_as_answered(bare_url, bare_raw, connections=CONNECTIONS, seconds=seconds).rate)
            before = _stored(stack)
            answers = as_fast_as_answered(ours_url, ours_raw, connections=CONNECTIONS, seconds=seconds)
            _all_stored(stack, before, answers)
            ours.append(answers.rate)
            drains.append(_drained(stack))
            half = [next(ours_raw) for _ in range(int(answers.rate / 2 * seconds))]
            latencies = at_a_rate(ours_url, half, connections=CONNECTIONS, per_second=answers.rate / 2).latencies
            p99.append(1000 * percentile(latencies, 0.99))
            _drained(stack)
            tell(
                f"webhooks, round {number + 1}/{rounds}: bare {bare[-1]:.0f}/s, ours {ours[-1]:.0f}/s, p99 {p99[-1]:.0f} ms"
            )
    return _rows(bare, ours, drains, p99)


def _all_stored(stack: RunningStack, before: int, answers: Answers) -> None:
    stored = _stored(stack) - before
    if stored != answers.answered:
        raise RuntimeError(f"{answers.answered} webhooks answered 200, {stored} stored: this is no measurement")


def _rows(bare: list[float], ours: list[float], drains: list[float], p99: list[float]) -> tuple[Row, Row]:
    found, tail = ratio(series(ours), series(bare)), series(p99)
    drained = series(drains)
    rate = Row(
        "webhooks par seconde, enregistrés avant la réponse",
        series(bare).text(),
        series(ours).text(),
        f"{found.text(2)} ; tous traités {drained.median:.1f} s après la salve",
        f"≥ {TARGET}",
        found.median >= TARGET,
    )
    latency = Row(
        "99e centile à demi-charge",
        "",
        f"{tail.text(1)} ms",
        "",
        f"< {P99_TARGET_MS:g} ms",
        tail.median < P99_TARGET_MS,
    )
    return rate, latency
