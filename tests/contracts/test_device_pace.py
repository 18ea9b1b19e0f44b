"""The device's bucket: Redis's script, PostgreSQL's statements and the pure value agree, and one follows when another is away."""

import time
from collections.abc import Callable

import fakeredis
import pytest
import redis

from system.db import device_buckets
from system.db.database import Database
from system.device_buckets import BucketUnavailableError, RedisBucket
from system.domain.pacing import Rate
from system.services.pacing import DevicePace

# So slow that a test adds nothing to a bucket by lasting.
SLOW = Rate(per_second=1e-6, burst=5)
Take = Callable[..., int]


def fill(client: "redis.Redis", tokens: float, *, seconds_ago: float = 0) -> None:
    client.hset("pace:device:d", mapping={"tokens": repr(tokens), "at": repr(time.time() - seconds_ago)})


def test_a_bucket_nobody_knows_starts_empty(client: "redis.Redis") -> None:
    assert RedisBucket(client, "d", SLOW).take(3) == 0


@pytest.mark.parametrize(
    ("tokens", "wanted", "granted", "left"), [(3.5, 2, 2, 1.5), (3.5, 9, 3, 0.5), (0.9, 1, 0, 0.9), (-2.0, 1, 0, -2.0)]
)
def test_redis_gives_what_the_value_says(
    client: "redis.Redis", tokens: float, wanted: int, granted: int, left: float
) -> None:
    fill(client, tokens)
    assert RedisBucket(client, "d", SLOW).take(wanted) == granted == SLOW.granted(tokens, wanted)
    assert float(str(client.hget("pace:device:d", "tokens"), "ascii")) == pytest.approx(left, abs=1e-3)  # type: ignore[arg-type]


def test_redis_refills_with_time_up_to_the_burst(client: "redis.Redis") -> None:
    fill(client, 0, seconds_ago=2e6)
    assert RedisBucket(client, "d", SLOW).take(9) == 2
    fill(client, 0, seconds_ago=1e9)
    assert RedisBucket(client, "d", SLOW).take(9) == 5


def test_every_process_draws_on_one_bucket_and_an_unused_token_comes_back(client: "redis.Redis") -> None:
    one, other = RedisBucket(client, "d", SLOW), RedisBucket(client, "d", SLOW)
    fill(client, 5)
    assert (one.take(3), other.take(3)) == (3, 2)
    one.take(0, owed=-1)
    other.take(0, owed=-100)
    assert other.take(9) == 5
    one.take(0, owed=2)
    other.take(0, owed=-2)
    assert one.take(1) == 0


def postgres(db: Database, rate: Rate) -> Take:
    def take(wanted: int, *, owed: int = 0) -> int:
        with db.transaction() as connection:
            return device_buckets.take(connection, "d", rate, wanted, owed=owed)

    return take


def age(db: Database, seconds: float) -> None:
    with db.transaction() as connection:
        connection.execute("UPDATE device_buckets SET refilled_at = refilled_at - make_interval(secs => %s)", [seconds])


def test_postgresql_does_the_same(db: Database) -> None:
    take = postgres(db, SLOW)
    assert take(3) == 0
    age(db, 2_000_000)
    assert take(9) == 2
    age(db, 1e9)
    assert (take(3), take(3)) == (3, 2)
    take(0, owed=3)
    age(db, 2_000_000)
    assert take(1) == 0
    take(0, owed=-2)
    assert take(9) == 1


def test_while_redis_is_away_the_pace_is_kept_in_postgresql(db: Database) -> None:
    server = fakeredis.FakeServer()
    client: redis.Redis = fakeredis.FakeRedis(server=server)
    pace = DevicePace(db, RedisBucket(client, "d", SLOW), "d", SLOW)
    fill(client, 1)
    assert (pace.take(1), pace.take(1)) == (1, 0)
    server.connected = False
    with pytest.raises(BucketUnavailableError):
        pace.bucket.take(1)
    assert pace.take(1) == 0
    age(db, 3_000_000)
    assert pace.take(9) == 3
    pace.give_back(0)
    pace.give_back(1)
    pace.charge()
    assert pace.take(1) == 0
    client.close()
