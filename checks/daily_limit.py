"""The limit of messages a day, and the room that is left today."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from checks.stack import Stack

_ADD_TO_DAY = """
    INSERT INTO daily_counters AS d (day, message_1) VALUES ((now() AT TIME ZONE 'UTC')::date, %s)
    ON CONFLICT (day) DO UPDATE SET message_1 = d.message_1 + %s
"""
_COUNTED = "SELECT message_1 FROM daily_counters WHERE day = (now() AT TIME ZONE 'UTC')::date"
_TOMORROW_IS_HERE = "UPDATE messages SET next_attempt_at = now() WHERE status = 'pending' AND next_attempt_at > now()"
_MOST_MESSAGE_1 = "from system.domain.daily_limit import DailyLimit; print(DailyLimit({limit}).most_message_1)"
_SHIPPED = "from system.config import Settings; print(Settings.model_fields['daily_message_limit'].default)"

_FULL = """
    INSERT INTO daily_counters AS d (day, message_1) VALUES (current_date, %s)
    ON CONFLICT (day) DO UPDATE SET message_1 = excluded.message_1
"""
_NEXT_DAY = ("DELETE FROM daily_counters WHERE day < current_date", "UPDATE daily_counters SET day = day - 1")


@dataclass
class DailyLimit:
    """Read from the tree's settings; moved by the counter of the day."""

    stack: Stack

    def shipped_daily_limit(self) -> int:
        """The default of the tree's own settings."""
        return int(self.stack.python(_SHIPPED))

    @contextmanager
    def leave_today(self, messages: int) -> Iterator[None]:
        """Move the day's counter near the part of the limit that Message 1 may use; afterwards, give the room back."""
        limit = self.stack.running.env["DAILY_MESSAGE_LIMIT"]
        most = int(self.stack.python(_MOST_MESSAGE_1.format(limit=limit)))
        counted = self.stack.rows(_COUNTED)
        added = most - messages - (int(counted[0][0]) if counted else 0)
        self.stack.rows(_ADD_TO_DAY, added, added)
        try:
            yield
        finally:
            self.stack.rows(_ADD_TO_DAY, 0, -added)
            self.stack.rows(_TOMORROW_IS_HERE)


def fill_day(stack: Stack, limit: int) -> None:
    """Nothing new may leave today."""
    stack.rows(_FULL, limit)


def begin_next_day(stack: Stack) -> None:
    """The day's counter is yesterday's."""
    for statement in _NEXT_DAY:
        stack.rows(statement)
