from datetime import UTC, datetime, timedelta

import fakeredis
import pytest

from system.locks import Locks
from system.services import monitoring
from tests.unit.system.conftest import Bench


def test_health_says_what_answers(bench: Bench) -> None:
    bench.campaign(2)
    locks = Locks(fakeredis.FakeRedis())
    assert monitoring.health(bench.db, locks, bench.gateway) == {
        "database": True,
        "redis": True,
        "gateway": True,
        "open_messages": {"pending": 2},
    }
    bench.gateway.reachable = False
    bench.execute("ALTER TABLE messages RENAME TO gone")
    sick = monitoring.health(bench.db, locks, bench.gateway)
    assert (sick["database"], sick["gateway"]) == (False, False)


def test_a_new_day_loses_no_count(bench: Bench) -> None:
    today = datetime.now(UTC)
    for age in (0, 1, 40):
        bench.execute("INSERT INTO daily_counters (day, message_1) VALUES (%s, 7)", today.date() - timedelta(days=age))
    assert monitoring.start_day(bench.db) == 1
    assert monitoring.start_day(bench.db) == 0
    assert monitoring.persist_counters(bench.db) == 2
    kept = bench.execute("SELECT counters->>'message_1' AS count FROM monitoring_snapshots")
    assert [row["count"] for row in kept] == ["7", "7", "7"]


def test_runs_are_recorded_failures_too(bench: Bench) -> None:
    def fail() -> dict[str, object]:
        raise ZeroDivisionError("by zero")

    assert monitoring.recorded(bench.db, "a", lambda: {"n": 1}) == {"n": 1}
    with pytest.raises(ZeroDivisionError):
        monitoring.recorded(bench.db, "b", fail)
    assert bench.execute("SELECT task, outcome, detail FROM task_runs ORDER BY task") == [
        {"task": "a", "outcome": "done", "detail": {"n": 1}},
        {"task": "b", "outcome": "failed", "detail": {"error": "ZeroDivisionError: by zero"}},
    ]
