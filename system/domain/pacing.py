"""How fast messages may leave: a bucket of tokens for the device, and pauses between batches of a campaign."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """`per_second` messages on average, at most `burst` at once (1 or more)."""

    per_second: float
    burst: float = 1.0

    def refill(self, tokens: float, elapsed_seconds: float) -> float:
        """What a bucket with so many tokens holds after so long; a clock that goes back adds nothing."""
        return min(self.burst, tokens + max(0.0, elapsed_seconds) * self.per_second)

    def granted(self, tokens: float, wanted: int) -> int:
        """How many whole tokens of `wanted` a bucket gives; none while it is in debt."""
        return max(0, min(wanted, int(tokens)))

    @property
    def seconds_a_message(self) -> float:
        """Average time between two messages."""
        return 1 / self.per_second


@dataclass(frozen=True)
class BatchPause:
    """After every `every` messages of a campaign, none is taken for `seconds`."""

    every: int
    seconds: float

    def allowed(self, taken_since_rest: int, wanted: int) -> int:
        """How many more may be taken before the next pause."""
        return max(0, min(wanted, self.every - taken_since_rest))

    def is_due(self, taken_since_rest: int) -> bool:
        """Whether the pause starts now."""
        return taken_since_rest >= self.every
