"""When a transient failure is tried again."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Retry:
    """Try again after this delay."""

    delay_seconds: int


@dataclass(frozen=True)
class GiveUp:
    """No further attempt."""


@dataclass(frozen=True)
class RetryPolicy:
    """One delay a retry, in order: as many retries as delays."""

    delays_seconds: tuple[int, ...]

    def decide(self, failures: int) -> Retry | GiveUp:
        """What follows the `failures`-th transient failure of a message (the first is 1).

        Raises:
            ValueError: when `failures` is below 1.

        """
        if failures < 1:
            raise ValueError(f"a decision follows a failure, {failures} happened")
        if self.exhausted(failures):
            return GiveUp()
        return Retry(self.delays_seconds[failures - 1])

    def exhausted(self, failures: int) -> bool:
        """Whether a message that failed so many times has no attempt left."""
        return failures > len(self.delays_seconds)
