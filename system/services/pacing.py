"""The device's pace: a bucket of tokens in Redis, in PostgreSQL while Redis is away."""

import logging
from dataclasses import dataclass

from system.db import device_buckets
from system.db.database import Database
from system.device_buckets import BucketUnavailableError, RedisBucket
from system.domain.pacing import Rate

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DevicePace:
    """How fast messages leave from one device, over all processes.

    Both buckets start empty, so that going from one to the other gives at most one more burst.
    """

    db: Database
    bucket: RedisBucket
    device: str
    rate: Rate

    @property
    def seconds_a_message(self) -> float:
        """Average time between two messages."""
        return self.rate.seconds_a_message

    def take(self, wanted: int) -> int:
        """How many of `wanted` messages may leave now."""
        return self._take(wanted, owed=0)

    def give_back(self, unused: int) -> None:
        """Of those taken, how many did not leave after all."""
        if unused:
            self._take(0, owed=-unused)

    def charge(self) -> None:
        """Counts a message that does not wait, such as a Message 2: the next ones wait longer."""
        self._take(0, owed=1)

    def _take(self, wanted: int, *, owed: int) -> int:
        try:
            return self.bucket.take(wanted, owed=owed)
        except BucketUnavailableError as error:
            logger.warning("the pace is kept in PostgreSQL: %s", error)
        with self.db.transaction() as connection:
            return device_buckets.take(connection, self.device, self.rate, wanted, owed=owed)
