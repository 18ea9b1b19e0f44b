"""When the gateway refuses everybody, so that sending is held instead of burning the attempts of single messages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BreakerPolicy:
    """Held after so many refusals for now in a row, over all campaigns; then one message is tried every `probe_seconds`.

    More than the four attempts of one message: one that alone is refused holds nobody.
    """

    refusals: int = 5
    probe_seconds: float = 30.0
