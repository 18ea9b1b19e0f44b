"""Locks in Redis. They save work and guard nothing: sending stays correct when Redis forgets them.

A lock whose owner is dead is free: a dead process stops nobody for longer than its heartbeat lasts (6 s).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, cast

import redis

from system import redis_client
from system.config import get_settings
from system.lock_owners import OWNER_PREFIX, OWNER_TTL_SECONDS, LockOwner
from system.process_local import ProcessLocal

logger = logging.getLogger(__name__)

SEND_TTL_SECONDS = 300
CAMPAIGN_TTL_SECONDS = 30
PATTERNS = ("idempotency:*", "campaign:lock:*")
# Tokens are `<owner>|<random>`. A lock of an owner nobody knows is left to its time to live.
_OWNER = """
local function owner_is_dead(token)
    local owner = string.match(token, '^(.+)|')
    return owner and redis.call('exists', ARGV[1] .. owner) == 0
end
"""
ACQUIRE = (
    _OWNER
    + """
redis.call('set', KEYS[2], '1', 'EX', ARGV[4])
local token = redis.call('get', KEYS[1])
if token and not owner_is_dead(token) then return 0 end
redis.call('set', KEYS[1], ARGV[2], 'EX', ARGV[3])
return token and 2 or 1
"""
)
# A lock is the owner's alone to release: another may hold it by now.
COMPARE_AND_DELETE = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0
"""
RELEASE_IF_DEAD = (
    _OWNER
    + """
local token = redis.call('get', KEYS[1])
if not token then return 0 end
if owner_is_dead(token) or (not string.match(token, '|') and redis.call('ttl', KEYS[1]) == -1) then
    return redis.call('del', KEYS[1])
end
return 0
"""
)
TAKEN_FROM_A_DEAD_OWNER = 2


def send_key(message_id: int) -> str:
    """Name of the lock around the sending of a message."""
    return f"idempotency:send:{message_id}"


def retry_key(message_id: int) -> str:
    """Name of the lock around the planning of a message's next attempt."""
    return f"idempotency:retry:{message_id}"


def campaign_key(campaign_id: int) -> str:
    """Name of the lock around a turn of a campaign's dispatcher."""
    return f"campaign:lock:{campaign_id}"


@dataclass(frozen=True)
class Remaining:
    """A lock that is held: its key, its owner, and for how many seconds yet (-1: for ever)."""

    key: str
    owner: str
    seconds: int


@dataclass(frozen=True)
class Cleaned:
    """What a cleaning released, and what it left."""

    released: tuple[str, ...]
    remaining: tuple[Remaining, ...]


class Locks:
    """Locks with an owner's token and a time to live (seconds)."""

    def __init__(self, client: "redis.Redis", owner: LockOwner | None = None) -> None:
        self._client = client
        self._owner = owner or LockOwner(client)

    @contextmanager
    def hold(self, key: str, *, ttl_seconds: int, fail_open: bool = False) -> Iterator[bool]:
        """Yields True when the lock is ours, False while a living owner holds it, `fail_open` when Redis is away."""
        token = f"{self._owner.name}|{token_hex(8)}"
        with self._owner.beating():
            acquired = self._acquire(key, token, ttl_seconds)
            try:
                yield fail_open if acquired is None else acquired
            finally:
                if acquired:
                    self._release(key, token)

    def _acquire(self, key: str, token: str, ttl_seconds: int) -> bool | None:
        keys = (key, self._owner.heartbeat_key)
        try:
            answer = self._client.eval(
                ACQUIRE, len(keys), *keys, OWNER_PREFIX, token, str(ttl_seconds), str(OWNER_TTL_SECONDS)
            )
        except redis.RedisError as error:
            logger.warning("lock %s: Redis cannot be asked: %s", key, error)
            return None
        if answer == TAKEN_FROM_A_DEAD_OWNER:
            logger.warning("lock %s taken from a dead owner", key)
        return bool(answer)

    def _release(self, key: str, token: str) -> None:
        try:
            self._client.eval(COMPARE_AND_DELETE, 1, key, token)
        except redis.RedisError:
            return  # its time to live ends it

    def clean(self) -> Cleaned:
        """Releases the locks of dead owners, and those that nobody owns and nothing would ever end.

        Raises:
            redis.RedisError: when Redis cannot be asked.

        """
        released: list[str] = []
        remaining: list[Remaining] = []
        for pattern in PATTERNS:
            for raw in self._client.scan_iter(match=pattern, count=500):
                key = raw.decode(errors="replace")
                if self._client.eval(RELEASE_IF_DEAD, 1, raw, OWNER_PREFIX):
                    released.append(key)
                elif (token := cast("bytes | None", self._client.get(raw))) is not None:
                    owner = token.decode(errors="replace").rpartition("|")[0]
                    remaining.append(Remaining(key, owner, int(cast("Any", self._client.ttl(raw)))))
        return Cleaned(tuple(sorted(released)), tuple(sorted(remaining, key=lambda lock: lock.key)))

    def ping(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(self._client.ping())
        except redis.RedisError:
            return False

    def close(self) -> None:
        """Closes the connections."""
        self._owner.close()
        self._client.close()


def connect(url: str) -> Locks:
    """Locks in the server at `url`; nothing is opened yet."""
    return Locks(redis_client.connect(url))


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
