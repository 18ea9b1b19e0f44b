"""What a day counted."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class DayCounters:
    """Messages counted in a UTC day, by kind, and those that failed for good."""

    day: date
    message_1: int
    message_2: int
    errors: int

    @property
    def values(self) -> dict[str, int]:
        """The counts by name."""
        return {"message_1": self.message_1, "message_2": self.message_2, "errors": self.errors}

    @property
    def error_rate(self) -> float:
        """Share of the messages that failed for good, between 0 and 1."""
        return self.errors / max(1, self.message_1 + self.message_2 + self.errors)
