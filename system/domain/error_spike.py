"""When a campaign's failures are no longer those of single contacts."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class ErrorSpike:
    """Over the last `window`, at least `fewest_failures`, and more than `highest_share` of the messages that ended."""

    window: timedelta = timedelta(minutes=10)
    fewest_failures: int = 20
    highest_share: float = 0.3

    def stops(self, *, failed: int, sent: int) -> bool:
        """Whether the campaign has to stop."""
        return failed >= self.fewest_failures and failed > self.highest_share * (failed + sent)
