"""The same cases on the fake and on the real servers."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest
import redis

from system.lock_owners import OWNER_TTL_SECONDS, LockOwner
from system.locks import Locks, Remaining, connect
from system.sandbox.processes import wait_until

KEY = "campaign:lock:1"


def test_one_holder_at_a_time(client: "redis.Redis") -> None:
    first, second = Locks(client), Locks(client)
    with first.hold(KEY, ttl_seconds=30) as mine:
        assert mine
        assert 0 < client.ttl(KEY) <= 30
        with second.hold(KEY, ttl_seconds=30, fail_open=True) as theirs:
            assert not theirs
        assert client.exists(KEY)
    assert not client.exists(KEY)
    first.close()
    second.close()


def test_a_lock_that_is_somebody_elses_by_now_is_left_alone(client: "redis.Redis") -> None:
    locks = Locks(client)
    with locks.hold(KEY, ttl_seconds=30):
        client.set(KEY, "another owner")
    assert client.get(KEY) == b"another owner"
    locks.close()


def test_a_lock_is_released_when_the_work_fails(client: "redis.Redis") -> None:
    locks = Locks(client)
    with pytest.raises(ZeroDivisionError), locks.hold("idempotency:send:1", ttl_seconds=30):
        raise ZeroDivisionError
    assert not client.exists("idempotency:send:1")
    locks.close()


def test_a_dead_owner_s_lock_is_free_and_its_late_release_harmless(client: "redis.Redis") -> None:
    owner = LockOwner(client, beat_seconds=3600)
    dead, locks = Locks(client, owner), Locks(client)
    with ExitStack() as held_by_the_dead:
        assert held_by_the_dead.enter_context(dead.hold(KEY, ttl_seconds=300))
        with locks.hold(KEY, ttl_seconds=30) as mine:
            assert not mine
        client.delete(owner.heartbeat_key)
        with locks.hold(KEY, ttl_seconds=30) as mine:
            assert mine
            held_by_the_dead.close()
            assert client.exists(KEY)
    locks.close()


def test_an_owner_shows_itself_for_as_long_as_it_holds(client: "redis.Redis") -> None:
    owner = LockOwner(client, beat_seconds=0.01)
    locks = Locks(client, owner)

    with locks.hold(KEY, ttl_seconds=30):
        assert 0 < client.ttl(owner.heartbeat_key) <= OWNER_TTL_SECONDS
        client.delete(owner.heartbeat_key)
        wait_until(lambda: bool(client.exists(owner.heartbeat_key)), seconds=10, what="a heartbeat of the owner")
    locks.close()


def test_cleaning_releases_the_locks_of_the_dead_and_reports_the_others(client: "redis.Redis") -> None:
    client.set("campaign:lock:7", "nobody's, for ever")
    client.set("idempotency:send:2", "nobody's, for a while", ex=300)
    owner, dead_owner = LockOwner(client), LockOwner(client, beat_seconds=3600)
    living, dead = Locks(client, owner), Locks(client, dead_owner)
    with dead.hold("idempotency:retry:3", ttl_seconds=300), living.hold(KEY, ttl_seconds=30):
        client.delete(dead_owner.heartbeat_key)
        cleaned = living.clean()
        assert living.clean().released == ()
    assert cleaned.released == ("campaign:lock:7", "idempotency:retry:3")
    held, left = cleaned.remaining
    assert (held.key, held.owner) == (KEY, owner.name)
    assert 0 < held.seconds <= 30
    assert left == Remaining("idempotency:send:2", "", left.seconds)
    assert living.ping()
    living.close()
    dead.close()


@pytest.mark.parametrize("fail_open", [True, False])
def test_without_redis_each_lock_fails_as_it_was_asked_to(fail_open: bool) -> None:
    # Port 9 is discard: nothing listens there.
    locks = connect("redis://127.0.0.1:9/0")
    with locks.hold(KEY, ttl_seconds=30, fail_open=fail_open) as mine:
        assert mine is fail_open
    assert not locks.ping()
    locks.close()


def test_redis_may_go_away_while_a_lock_is_held(monkeypatch: pytest.MonkeyPatch, client: "redis.Redis") -> None:
    owner = LockOwner(client, beat_seconds=3600)
    locks = Locks(client, owner)
    gone: Callable[..., object] = lambda *_args, **_options: (_ for _ in ()).throw(redis.ConnectionError)  # noqa: E731
    with locks.hold(KEY, ttl_seconds=30) as mine:
        assert mine
        with monkeypatch.context() as patch:
            patch.setattr(client, "set", gone)
            owner.beat()
        monkeypatch.setattr(client, "eval", gone)
    monkeypatch.undo()
    assert client.exists(KEY)
    locks.close()
