from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from system.db.snapshots import PostgresSnapshots
from system.domain.daily_limit import DailyLimit
from system.services import monitoring
from system.services.sending import Done
from tests.unit.system.bench import Bench

BEFORE_MIDNIGHT = datetime(2025, 12, 29, 23, 58, tzinfo=UTC)
SECONDS = (1, 59, 61, 3600, 23 * 3600, 31 * 86_400)
STEPS = st.one_of(
    st.tuples(st.just("pass"), st.sampled_from(SECONDS)),
    # By how many seconds the clock of the machine that does it is wrong.
    st.tuples(st.sampled_from(["send", "reset", "persist"]), st.sampled_from([-120, -1, 0, 1, 120])),
)


def kept(bench: Bench) -> Counter[object]:
    """What every day counted: its counters, or their snapshot once they are archived."""
    rows = bench.execute(
        """SELECT day, coalesce(c.message_1, (s.counters->>'message_1')::int) AS count
           FROM daily_counters AS c FULL JOIN monitoring_snapshots AS s USING (day)"""
    )
    return Counter({row["day"]: int(str(row["count"])) for row in rows if row["count"]})


@given(st.lists(STEPS, min_size=5, max_size=25))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_reset_at_any_time_loses_a_count(bench: Bench, steps: list[tuple[str, int]]) -> None:
    bench.execute("TRUNCATE daily_counters, monitoring_snapshots")
    ids = iter(bench.ids(bench.campaign(len(steps))))
    now, sent = BEFORE_MIDNIGHT, Counter[object]()
    for step, seconds in steps:
        if step == "pass":
            now += timedelta(seconds=seconds)
            continue
        bench.clock.now = there = now + timedelta(seconds=seconds)
        if step == "send":
            assert bench.sender().send(next(ids)) == Done("sent")
            sent[there.date()] += 1
        elif step == "reset":
            monitoring.start_day(bench.db, bench.clock.utc)
        else:
            monitoring.persist_counters(bench.db, PostgresSnapshots(bench.db), bench.clock.utc)
        assert kept(bench) == sent
    monitoring.start_day(bench.db, bench.clock.utc)
    assert kept(bench) == sent


def test_old_days_become_snapshots(bench: Bench) -> None:
    today = datetime.now(UTC)
    for age in (0, 1, 40):
        bench.execute("INSERT INTO daily_counters (day, message_1) VALUES (%s, 7)", today.date() - timedelta(days=age))
    assert monitoring.start_day(bench.db) == 1
    assert monitoring.start_day(bench.db) == 0
    assert [counted.message_1 for counted in monitoring.latest_counters(bench.db)] == [7, 7]
    assert monitoring.persist_counters(bench.db, PostgresSnapshots(bench.db)) == 2
    snapshots = bench.execute("SELECT counters->>'message_1' AS count FROM monitoring_snapshots")
    assert [row["count"] for row in snapshots] == ["7", "7", "7"]


def test_of_two_snapshots_the_later_stays(bench: Bench) -> None:
    store, now = PostgresSnapshots(bench.db), datetime.now(UTC)
    monitoring.start_day(bench.db)
    (early,) = monitoring.latest_counters(bench.db)
    bench.execute("UPDATE daily_counters SET message_2 = 5")
    (late,) = monitoring.latest_counters(bench.db)
    store.upsert([late], taken_at=now)
    store.upsert([early], taken_at=now - timedelta(seconds=1))
    assert bench.execute("SELECT counters FROM monitoring_snapshots") == [{"counters": late.values}]


@pytest.mark.parametrize(
    ("used", "level"), [(None, "ok"), (749, "ok"), (750, "attention"), (900, "danger"), (1000, "blocked")]
)
def test_a_day_near_its_limit_is_warned_of(
    bench: Bench, caplog: pytest.LogCaptureFixture, used: int | None, level: str
) -> None:
    if used is not None:
        bench.execute("INSERT INTO daily_counters (day, message_1) VALUES (%s, %s)", bench.clock.now.date(), used)
    assert monitoring.limit_level(bench.db, DailyLimit(1000), bench.clock.utc) == level
    warned = [record.__dict__["limit_level"] for record in caplog.records if record.message == "daily_limit"]
    assert warned == ([] if level == "ok" else [level])


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
