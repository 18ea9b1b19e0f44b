"""The same cases on the fake and on the real server."""

from collections.abc import Iterator

import fakeredis
import pytest
import redis

from system.locks import Locks, connect


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real)])
def client(request: pytest.FixtureRequest) -> Iterator["redis.Redis"]:
    if request.param == "fake":
        made: redis.Redis = fakeredis.FakeRedis()
    else:
        made = redis.Redis.from_url(request.getfixturevalue("redis_url"))
    yield made
    made.close()


def test_one_holder_at_a_time(client: "redis.Redis") -> None:
    first, second = Locks(client), Locks(client)
    with first.hold("campaign:lock:1", ttl_seconds=30) as mine:
        assert mine
        assert 0 < client.ttl("campaign:lock:1") <= 30
        with second.hold("campaign:lock:1", ttl_seconds=30) as theirs:
            assert not theirs
        assert client.exists("campaign:lock:1")
    assert not client.exists("campaign:lock:1")


def test_a_lock_that_is_somebody_elses_by_now_is_left_alone(client: "redis.Redis") -> None:
    with Locks(client).hold("campaign:lock:1", ttl_seconds=30):
        client.set("campaign:lock:1", "another owner")
    assert client.get("campaign:lock:1") == b"another owner"


def test_a_lock_is_released_when_the_work_fails(client: "redis.Redis") -> None:
    with pytest.raises(ZeroDivisionError), Locks(client).hold("idempotency:send:1", ttl_seconds=30):
        raise ZeroDivisionError
    assert not client.exists("idempotency:send:1")


def test_locks_nothing_would_end_are_found_and_removed(client: "redis.Redis") -> None:
    client.set("campaign:lock:1", "immortal")
    client.set("idempotency:send:2", "ends", ex=300)
    locks = Locks(client)
    assert locks.immortal() == ["campaign:lock:1"]
    assert locks.remove(["campaign:lock:1"]) == 1
    assert locks.remove([]) == 0
    assert locks.ping()


def test_without_redis_work_goes_on() -> None:
    # Port 9 is discard: nothing listens there.
    locks = connect("redis://127.0.0.1:9/0")
    with locks.hold("campaign:lock:1", ttl_seconds=30) as mine:
        assert mine
    assert not locks.ping()
    locks.close()
