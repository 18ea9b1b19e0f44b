"""When a Message 2 may leave."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

WINDOW = timedelta(hours=24)


@dataclass(frozen=True)
class SendingWindow:
    """Open for 24 h after the Message 1 (our rule) and after the person's last message (WhatsApp's rule), both times aware.

    At exactly 24 h 00 min 00 s it is over. Without a Message 1 that left, or a message of the person, it never opens.
    """

    message_1_at: datetime | None
    last_inbound_at: datetime | None

    @property
    def closes_at(self) -> datetime | None:
        """The first moment at which it is over; None when it never opens."""
        if self.message_1_at is None or self.last_inbound_at is None:
            return None
        # In UTC: elsewhere, adding 24 h to a local time crosses a change of hour without noticing it.
        return min(self.message_1_at.astimezone(UTC), self.last_inbound_at.astimezone(UTC)) + WINDOW

    def is_open(self, now: datetime) -> bool:
        """Whether a Message 2 may leave at this moment."""
        closes_at = self.closes_at
        return closes_at is not None and now < closes_at
