"""How many messages may leave in a day of the installation's zone, and how near the limit is."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum

from system.domain.counters import DayCounters

# A Message 2 has a deadline; a Message 1 can wait for the next day.
RESERVED_SHARE = 0.2


class LimitLevel(StrEnum):
    """How near the limit a day is: below 75 %, below 90 %, below 100 %, and full."""

    OK = "ok"
    ATTENTION = "attention"
    DANGER = "danger"
    BLOCKED = "blocked"


def next_day(now: datetime, zone: tzinfo = UTC) -> datetime:
    """When the limit starts afresh (UTC): the next midnight of the zone."""
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time.min, zone).astimezone(UTC)


@dataclass(frozen=True)
class DailyLimit:
    """At most `total` messages of both kinds a day, a fifth of them kept for Message 2."""

    total: int

    @property
    def kept_for_message_2(self) -> int:
        """How many of the day's messages no Message 1 may take."""
        return int(self.total * RESERVED_SHARE)

    @property
    def most_message_1(self) -> int:
        """How many of the day's messages may be Message 1."""
        return self.total - self.kept_for_message_2

    def left_for_message_1(self, day: DayCounters) -> int:
        """How many Message 1 may still leave on this day."""
        return max(0, min(self.most_message_1 - day.message_1, self.total - day.message_1 - day.message_2))

    def level(self, day: DayCounters) -> LimitLevel:
        """How near the limit this day is."""
        used = day.message_1 + day.message_2
        if used >= self.total:
            return LimitLevel.BLOCKED
        # In whole numbers: 75 % of 1 000 is 750, not nearly 750.
        if used * 100 >= self.total * 90:
            return LimitLevel.DANGER
        return LimitLevel.ATTENTION if used * 100 >= self.total * 75 else LimitLevel.OK
