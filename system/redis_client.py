"""Connections to Redis that give up fast."""

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def connect(url: str) -> "redis.Redis":
    """A client of the server at `url`; nothing is opened yet."""
    # Nothing kept in Redis is worth the client's own retries, which take seconds.
    once = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0, retry=once)
