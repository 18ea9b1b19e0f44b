from system.db import heartbeats
from tests.unit.system.conftest import Bench


def ages(bench: Bench) -> dict[object, object]:
    rows = bench.execute("SELECT instance, round(extract(epoch FROM now() - beat_at)) AS age FROM heartbeats")
    return {row["instance"]: row["age"] for row in rows}


def test_the_last_sign_of_each_instance_is_kept(bench: Bench) -> None:
    with bench.db.transaction() as connection:
        heartbeats.record(connection, heartbeats.WORKER, "a", seconds_ago=60)
        heartbeats.record(connection, heartbeats.WORKER, "a", seconds_ago=90)
        heartbeats.record(connection, heartbeats.WORKER, "b")
    assert ages(bench) == {"a": 60, "b": 0}


def test_an_instance_gone_for_a_week_is_forgotten(bench: Bench) -> None:
    with bench.db.transaction() as connection:
        heartbeats.record(connection, heartbeats.WORKER, "long gone", seconds_ago=8 * 86400)
        heartbeats.record(connection, heartbeats.WORKER, "a")
        heartbeats.record(connection, heartbeats.BEAT, "b", seconds_ago=6 * 86400)
    assert ages(bench) == {"a": 0, "b": 6 * 86400}
