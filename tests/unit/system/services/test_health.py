from collections.abc import Iterator
from datetime import UTC, datetime

import fakeredis
import pytest

from system.locks import Locks, connect
from system.services.health import health
from tests.unit.system.bench import Bench


@pytest.fixture
def locks() -> Iterator[Locks]:
    made = Locks(fakeredis.FakeRedis())
    yield made
    made.close()


def test_a_healthy_system_has_no_problem(bench: Bench, locks: Locks) -> None:
    bench.campaign(2)
    assert health(bench.db, locks, bench.gateway, lambda: {"messages": 3}) == {
        "database": True,
        "redis": True,
        "broker": True,
        "gateway": True,
        "open_messages": {"pending": 2},
        "queues": {"messages": 3},
        "today": {},
        "error_rate": None,
        "held_since": None,
        "problems": [],
    }


def test_what_does_not_answer_is_named(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    away = connect("redis://127.0.0.1:9/0")
    bench.gateway.reachable = False
    bench.execute("ALTER TABLE messages RENAME TO gone")
    sick = health(bench.db, away, bench.gateway, lambda: None)
    away.close()
    assert sick["problems"] == [f"{part} does not answer" for part in ("database", "redis", "broker", "gateway")]
    assert (sick["open_messages"], sick["queues"], sick["error_rate"]) == ({}, {}, None)
    assert "gateway does not answer" in caplog.text


@pytest.mark.parametrize(
    ("sent", "errors", "rate", "problems"),
    [
        (17, 2, 0.1053, []),
        (18, 2, 0.1, []),
        (17, 3, 0.15, ["15% of today's messages failed"]),
        (0, 20, 1.0, ["100% of today's messages failed"]),
    ],
)
def test_many_errors_are_a_problem(
    bench: Bench, locks: Locks, sent: int, errors: int, rate: float, problems: list[str]
) -> None:
    bench.execute(
        "INSERT INTO daily_counters (day, message_1, errors) VALUES (%s, %s, %s)",
        datetime.now(UTC).date(),
        sent,
        errors,
    )
    found = health(bench.db, locks, bench.gateway, dict)
    assert (found["error_rate"], found["problems"]) == (rate, problems)
