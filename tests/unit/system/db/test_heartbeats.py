from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from system.db import heartbeats
from tests.unit.system.bench import Bench


def ages(bench: Bench) -> dict[object, object]:
    rows = bench.execute("SELECT instance, round(extract(epoch FROM now() - beat_at)) AS age FROM heartbeats")
    return {row["instance"]: row["age"] for row in rows}


def test_the_last_sign_of_each_instance_is_kept(bench: Bench) -> None:
    with bench.db.transaction() as connection:
        heartbeats.record(connection, heartbeats.WORKER, "a", beat_seconds=15, seconds_ago=60)
        heartbeats.record(connection, heartbeats.WORKER, "a", beat_seconds=15, seconds_ago=90)
        heartbeats.record(connection, heartbeats.WORKER, "b", beat_seconds=15)
    assert ages(bench) == {"a": 60, "b": 0}


def test_an_instance_gone_for_a_week_is_forgotten(bench: Bench) -> None:
    with bench.db.transaction() as connection:
        heartbeats.record(connection, heartbeats.WORKER, "long gone", beat_seconds=15, seconds_ago=8 * 86400)
        heartbeats.record(connection, heartbeats.WORKER, "a", beat_seconds=15)
        heartbeats.record(connection, heartbeats.BEAT, "b", beat_seconds=15, seconds_ago=6 * 86400)
    assert ages(bench) == {"a": 0, "b": 6 * 86400}


def intervals(bench: Bench) -> list[tuple[object, object, object]]:
    rows = bench.execute(
        """SELECT instance, round(extract(epoch FROM now() - from_at)) AS first,
               round(extract(epoch FROM now() - to_at)) AS last FROM heartbeat_intervals ORDER BY from_at"""
    )
    return [(row["instance"], row["first"], row["last"]) for row in rows]


def beats(bench: Bench, instance: str, *ages: float) -> None:
    with bench.db.transaction() as connection:
        for age in ages:
            heartbeats.record(connection, heartbeats.WORKER, instance, beat_seconds=15, seconds_ago=age)


def test_an_interval_ends_after_a_silence_of_three_beats(bench: Bench) -> None:
    beats(bench, "a", 300, 285, 241, 195, 180)
    beats(bench, "b", 280)
    assert intervals(bench) == [("a", 300, 241), ("b", 280, 280), ("a", 195, 180)]


def test_an_old_sign_that_comes_late_changes_nothing(bench: Bench) -> None:
    beats(bench, "a", 100, 85, 100, 400)
    assert intervals(bench) == [("a", 100, 85)]


# By tens of seconds: the clock moves while the signs are recorded, and 45 s must not be a matter of it.
@given(st.lists(st.integers(1, 500).map(lambda tens: tens * 10), min_size=1, max_size=12, unique=True))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_within_an_interval_is_never_a_long_silence(bench: Bench, ages: list[int]) -> None:
    bench.execute("TRUNCATE heartbeats, heartbeat_intervals")
    ages = sorted(ages, reverse=True)
    beats(bench, "a", *ages)
    expected = [[ages[0], ages[0]]]
    for age in ages[1:]:
        if expected[-1][1] - age > 45:
            expected.append([age, age])
        expected[-1][1] = age
    found = intervals(bench)
    # To the second: the clock moves while the signs are recorded.
    assert len(found) == len(expected)
    for (_, first, last), (from_, to) in zip(found, expected, strict=True):
        assert abs(int(str(first)) - from_) <= 4
        assert abs(int(str(last)) - to) <= 4


def test_what_no_export_asks_for_is_forgotten(bench: Bench) -> None:
    beats(bench, "a", 36 * 86400, 34 * 86400)
    with bench.db.transaction() as connection:
        assert heartbeats.forget_old_intervals(connection) == 1
    assert len(intervals(bench)) == 1


def test_the_history_begins_where_signs_were_first_kept(bench: Bench) -> None:
    beats(bench, "a", 200, 160)
    bench.execute("UPDATE heartbeat_history SET since = now()")
    with bench.db.transaction() as connection:
        young = heartbeats.history(connection, heartbeats.WORKER, days=30)
    assert young.alive == ()
    bench.execute("UPDATE heartbeat_history SET since = now() - interval '180 seconds'")
    with bench.db.transaction() as connection:
        known = heartbeats.history(connection, heartbeats.WORKER, days=30)
        (alive,) = known.alive
        assert alive.from_at == known.from_at
        assert heartbeats.history(connection, heartbeats.BEAT, days=30).alive == ()
