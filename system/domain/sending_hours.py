"""At which hours a Message 1 may leave, in whose time. A Message 2 answers somebody who has just written: it leaves at any hour."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_WRITTEN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class SendingHours:
    """From `opens` to `closes`, minutes of the day in `zone`."""

    zone: ZoneInfo
    opens: int = 0
    closes: int = DAY_MINUTES

    def __post_init__(self) -> None:
        if not 0 <= self.opens < self.closes <= DAY_MINUTES:
            raise ValueError("hours begin before they end, on the same day, such as 08:00-20:00")

    @classmethod
    def parse(cls, hours: str, zone: str) -> "SendingHours":
        """From `08:00-20:00` and a zone's name, such as Europe/Paris; `00:00-24:00` is always.

        Raises:
            ValueError: for anything else.

        """
        found = _WRITTEN.fullmatch(hours)
        if found is None:
            raise ValueError("hours are written 08:00-20:00")
        from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
        return cls(named_zone(zone), 60 * from_hour + from_minute, 60 * to_hour + to_minute)

    def let_leave(self, now: datetime) -> bool:
        """Whether a Message 1 may leave at this moment."""
        local = now.astimezone(self.zone)
        return self.opens <= 60 * local.hour + local.minute < self.closes

    def next_opening(self, now: datetime) -> datetime:
        """The first moment (UTC) from `now` on at which a Message 1 may leave."""
        if self.let_leave(now):
            return now.astimezone(UTC)
        today = now.astimezone(self.zone).date()
        opening = time(self.opens // 60, self.opens % 60)
        days = (datetime.combine(today + timedelta(days=n), opening, self.zone).astimezone(UTC) for n in range(3))
        return next(moment for moment in days if moment > now)


def named_zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises ValueError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise ValueError(f"no such time zone: {name}") from error
