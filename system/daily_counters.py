"""The day's counters in Redis, for whoever reads them there: copies of PostgreSQL's, so that losing them loses no count."""

from collections.abc import Iterable

import redis

from system import redis_client
from system.config import get_settings
from system.domain.counters import DayCounters
from system.process_local import ProcessLocal

TTL_SECONDS = 48 * 3600


class SharedCounters:
    """Writes `whatsapp:daily:{day}:{name}`."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def publish(self, days: Iterable[DayCounters]) -> bool:
        """Writes the counters of these days, all or none, for 48 h; False when Redis is away."""
        try:
            with self._client.pipeline(transaction=True) as pipeline:
                for counters in days:
                    for name, value in counters.values.items():
                        pipeline.set(f"whatsapp:daily:{counters.day.isoformat()}:{name}", value, ex=TTL_SECONDS)
                pipeline.execute()
        except redis.RedisError:
            return False
        return True

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


_shared: ProcessLocal[SharedCounters] = ProcessLocal(
    lambda: SharedCounters(redis_client.connect(get_settings().redis_url.get_secret_value())), SharedCounters.close
)


def get_shared_counters() -> SharedCounters:
    """The counters in Redis of this process, connected at first use.

    Raises:
        SettingsError: when REDIS_URL is missing or wrong.

    """
    return _shared.get()


def close_shared_counters() -> None:
    """Closes what `get_shared_counters` connected in this process."""
    _shared.close()
