"""Locks in Redis. They save work and guard nothing: sending stays correct when Redis forgets them."""

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from system.config import get_settings
from system.process_local import ProcessLocal

SEND_TTL_SECONDS = 300
CAMPAIGN_TTL_SECONDS = 30
# A lock is the owner's alone to release: another may hold it by now.
COMPARE_AND_DELETE = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0
"""


def send_key(message_id: int) -> str:
    """Name of the lock around the sending of a message."""
    return f"idempotency:send:{message_id}"


def campaign_key(campaign_id: int) -> str:
    """Name of the lock around a turn of a campaign's dispatcher."""
    return f"campaign:lock:{campaign_id}"


class Locks:
    """Locks with an owner's token and a time to live (seconds)."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    @contextmanager
    def hold(self, key: str, *, ttl_seconds: int) -> Iterator[bool]:
        """Yields False while somebody else holds the lock; True when it is ours, or when Redis cannot be asked."""
        token = token_hex(16)
        acquired: bool | None
        try:
            acquired = bool(self._client.set(key, token, nx=True, ex=ttl_seconds))
        except redis.RedisError:
            acquired = None
        try:
            yield acquired is not False
        finally:
            if acquired:
                self._release(key, token)

    def _release(self, key: str, token: str) -> None:
        try:
            self._client.eval(COMPARE_AND_DELETE, 1, key, token)
        except redis.RedisError:
            return  # its time to live ends it

    def immortal(self) -> list[str]:
        """Locks without a time to live, which nothing would ever end.

        Raises:
            redis.RedisError: when Redis cannot be asked.

        """
        keys: list[str] = []
        for pattern in ("idempotency:*", "campaign:lock:*"):
            keys += [key.decode() for key in self._client.scan_iter(match=pattern, count=500)]
        return sorted(key for key in keys if cast("Any", self._client.ttl(key)) == -1)

    def remove(self, keys: list[str]) -> int:
        """Deletes these locks; returns how many there were."""
        return int(cast("Any", self._client.delete(*keys))) if keys else 0

    def ping(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(self._client.ping())
        except redis.RedisError:
            return False

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


def connect(url: str) -> Locks:
    """Locks in the server at `url`; nothing is opened yet."""
    # A lock that only saves work is not worth the client's own retries, which take seconds.
    once = Retry(NoBackoff(), 0)
    return Locks(redis.Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0, retry=once))


_locks: ProcessLocal[Locks] = ProcessLocal(lambda: connect(get_settings().redis_url.get_secret_value()), Locks.close)


def get_locks() -> Locks:
    """The locks of this process, connected at first use.

    Raises:
        SettingsError: when REDIS_URL is missing or wrong.

    """
    return _locks.get()


def close_locks() -> None:
    """Closes what `get_locks` connected in this process."""
    _locks.close()
