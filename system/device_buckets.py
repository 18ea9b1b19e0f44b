"""The device's bucket of tokens in Redis: one for all processes, on Redis's own clock."""

from typing import Any, cast

import redis

from system import redis_client
from system.config import get_settings
from system.domain.pacing import Rate
from system.process_local import ProcessLocal

# The same arithmetic as `Rate`; a test compares them. A bucket nobody knows starts empty: Redis that forgets gives no burst.
TAKE = """
local clock = redis.call('time')
local now = clock[1] + clock[2] / 1000000
local rate, burst, wanted, owed = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local kept = redis.call('hmget', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1] or '0'), tonumber(kept[2] or now)
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
local granted = math.max(0, math.min(wanted, math.floor(tokens)))
tokens = math.min(burst, tokens - granted - owed)
redis.call('hset', KEYS[1], 'tokens', string.format('%.17g', tokens), 'at', string.format('%.17g', now))
redis.call('expire', KEYS[1], math.ceil((burst - tokens) / rate) + 60)
return granted
"""


class BucketUnavailableError(Exception):
    """Redis cannot be asked."""


class RedisBucket:
    """`pace:device:{device}`, which Redis forgets once it is full."""

    def __init__(self, client: "redis.Redis", device: str, rate: Rate) -> None:
        self._client, self._key, self._rate = client, f"pace:device:{device}", rate

    def take(self, wanted: int, *, owed: int = 0) -> int:
        """Takes at most `wanted` tokens and `owed` ones whatever it holds (given back when below 0); returns how many of `wanted`.

        Raises:
            BucketUnavailableError: when Redis cannot be asked.

        """
        arguments = (repr(self._rate.per_second), repr(self._rate.burst), str(wanted), str(owed))
        try:
            return int(cast("Any", self._client.eval(TAKE, 1, self._key, *arguments)))
        except redis.RedisError as error:
            raise BucketUnavailableError(str(error)) from error


_client: "ProcessLocal[redis.Redis]" = ProcessLocal(
    lambda: redis_client.connect(get_settings().redis_url.get_secret_value()), lambda client: client.close()
)


def get_bucket(device: str, rate: Rate) -> RedisBucket:
    """The device's bucket, over this process's connection.

    Raises:
        SettingsError: when REDIS_URL is missing or wrong.

    """
    return RedisBucket(_client.get(), device, rate)


def close_buckets() -> None:
    """Closes what `get_bucket` connected in this process."""
    _client.close()
