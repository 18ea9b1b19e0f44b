"""The limit of messages a day, as shipped, and the counters of the day."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg

from audit.experiments.driver import DriverError
from checks.stack import Stack

_SET_DAY = """
    INSERT INTO daily_counters (day, message_1, message_2) VALUES ((now() AT TIME ZONE 'UTC')::date, %s, %s)
    ON CONFLICT (day) DO UPDATE SET message_1 = excluded.message_1, message_2 = excluded.message_2
"""
# Not zero: what was counted before and fails now is taken off again.
_ROOM_AGAIN = "UPDATE daily_counters SET message_1 = least(message_1, 50), message_2 = least(message_2, 50)"
_TOMORROW_IS_HERE = """
    UPDATE messages SET next_attempt_at = now(),
        published_at = CASE WHEN published_at > now() THEN now() - interval '1 hour' ELSE published_at END
    WHERE status = 'pending' AND next_attempt_at > now()
"""
_SHARE = "from system.domain.daily_limit import DailyLimit; print(DailyLimit({limit}).most_message_1)"
_SHIPPED = "from system.config import Settings; print(Settings.model_fields['daily_message_limit'].default)"
_CROWD_SECONDS = 0.5

_FULL = """
    INSERT INTO daily_counters AS d (day, message_1) VALUES (current_date, %s)
    ON CONFLICT (day) DO UPDATE SET message_1 = excluded.message_1
"""
_NEXT_DAY = ("DELETE FROM daily_counters WHERE day < current_date", "UPDATE daily_counters SET day = day - 1")


@dataclass
class DailyLimit:
    """Read from the tree's settings; the counters move, the limit does not."""

    stack: Stack
    _set: bool = field(default=False, init=False)
    _over: threading.Event | None = field(default=None, init=False)

    def shipped_daily_limit(self) -> int:
        """The default of the tree's own settings."""
        return int(self.stack.python(_SHIPPED))

    def shipped_share(self) -> int:
        """What the tree's own code lets Message 1 have of it."""
        return int(self.stack.python(_SHARE.format(limit=self.shipped_daily_limit())))

    @contextmanager
    def today(self, first: int, second: int) -> Iterator[None]:
        """So many of each kind count as sent today; afterwards, there is room again and what waited for it is due."""
        self.stack.rows(_SET_DAY, first, second)
        self._set = True
        try:
            yield
        finally:
            self._set = False
            self.make_room()
            self.stack.rows(_TOMORROW_IS_HERE)

    def make_room(self) -> None:
        """Today's counters begin again, unless an experiment has set them."""
        if not self._set:
            self.stack.rows(_ROOM_AGAIN)

    def endless_day(self) -> None:
        """From now on more than a day's messages may leave, until the stack stops."""
        if self._over is not None:
            return
        over = self._over = threading.Event()

        def keep() -> None:
            with suppress(psycopg.Error, DriverError):
                while not over.wait(_CROWD_SECONDS):
                    self.make_room()

        thread = threading.Thread(target=keep, name="endless day", daemon=True)
        thread.start()

        def end() -> None:
            over.set()
            thread.join()
            self._over = None

        self.stack.closing.callback(end)


def fill_day(stack: Stack, limit: int) -> None:
    """Nothing new may leave today."""
    stack.rows(_FULL, limit)


def begin_next_day(stack: Stack) -> None:
    """The day's counter is yesterday's."""
    for statement in _NEXT_DAY:
        stack.rows(statement)
