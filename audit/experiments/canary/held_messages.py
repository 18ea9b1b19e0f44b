"""What a broker holds: messages that wait in its queues, and messages delivered and not acknowledged."""

from dataclasses import dataclass
from typing import Protocol


class Held(Protocol):
    """What is known of one moment of a broker."""

    def is_queued(self, key: str) -> bool:
        """Whether this message waits in a queue."""
        ...

    def is_unacked(self, key: str, *, ended: bool) -> bool:
        """Whether this message is delivered and not acknowledged; `ended`: an execution of it came to its end."""
        ...

    def unacked_among(self, keys: list[str]) -> int:
        """How many of these messages are delivered and not acknowledged."""
        ...

    def queued_among(self, keys: list[str]) -> int:
        """How many of these messages wait in a queue."""
        ...


@dataclass(frozen=True)
class MessageTexts:
    """Redis shows the messages themselves: ids are searched in their text."""

    queued: bytes
    unacked: bytes

    def is_queued(self, key: str) -> bool:
        return key.encode() in self.queued

    def is_unacked(self, key: str, *, ended: bool) -> bool:  # noqa: ARG002  the text says which one
        return key.encode() in self.unacked

    def unacked_among(self, keys: list[str]) -> int:
        return sum(self.is_unacked(key, ended=False) for key in keys)

    def queued_among(self, keys: list[str]) -> int:
        return sum(self.is_queued(key) for key in keys)


@dataclass(frozen=True)
class CountedMessages:
    """RabbitMQ says how many, and not which ones: only the canary's own queue is counted.

    An ended message is not said to be unacknowledged: RabbitMQ gives back what a lost worker held at once, so that it is
    queued, or seen to run a second time.
    """

    ready: int
    unacked: int

    def is_queued(self, key: str) -> bool:  # noqa: ARG002  which one is not known
        return self.ready > 0

    def is_unacked(self, key: str, *, ended: bool) -> bool:  # noqa: ARG002  which one is not known
        return self.unacked > 0 and not ended

    def unacked_among(self, keys: list[str]) -> int:
        return min(self.unacked, len(keys))

    def queued_among(self, keys: list[str]) -> int:
        return min(self.ready, len(keys))
