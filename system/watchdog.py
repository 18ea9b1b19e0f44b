"""The process that says that workers, beat or the database are down. It needs neither Celery nor Redis.

What it knows of workers and beat is in the database, so that its own restart, or a second watchdog, alerts nobody twice;
an alert whose delivery is cut by a death may be posted again, under the same incident. The database's own silence can only
be remembered here: a watchdog restarted during such an outage counts it, and alerts, again.
"""

import logging
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import datetime, timedelta
from functools import partial
from threading import Event

import psycopg

from system import logs
from system.clock import utc_now
from system.config import Settings
from system.db.connection import Db
from system.db.impatient import impatient_connection
from system.domain.alarm import AlarmPolicy, Silent, Watch
from system.services import watching
from system.services.alerts import Alert, AlertWebhook, Channel, LogOnly
from system.services.ports import Clock
from system.services.watching import Change

logger = logging.getLogger(__name__)

DATABASE = "database"
# Between two attempts at one alert, and the most its delivery may last.
DELIVERY_SECONDS = 15.0
LONGEST_REQUEST_SECONDS = 5.0


def steady_clock() -> Clock:
    """UTC that no adjustment of the system's time moves: a jump is not a silence."""
    started, origin = utc_now(), time.monotonic()
    return lambda: started + timedelta(seconds=time.monotonic() - origin)


class Watchdog:
    """Looks, decides, tells; `tick` is one round of it and never raises for what the database or the network does."""

    def __init__(
        self, connect: Callable[[], AbstractContextManager[Db]], policy: AlarmPolicy, channel: Channel, clock: Clock
    ) -> None:
        self._connect, self._policy, self._channel, self._clock = connect, policy, channel, clock
        self._watch: Watch | None = None
        self._reached_at: datetime | None = None
        # Delivered, while the database could not be told so.
        self._told: set[int] = set()
        self._unsaid: Alert | None = None

    def tick(self) -> None:
        """One look at everything, then the alerts that wait."""
        try:
            with self._connect() as db:
                changes = watching.look(db, self._policy)
            self._reached_at, reached = self._clock(), True
        except psycopg.Error as error:
            logger.warning("the database cannot be read: %s", type(error).__name__)
            changes, reached = [], False
        for change in (*changes, *self._look_at_database()):
            _log(change)
        self._tell_of_database()
        if reached:
            self._tell_of_incidents()

    def _look_at_database(self) -> list[Change]:
        now = self._clock()
        self._watch, verdict = self._policy.look(self._watch, now=now, beat_at=self._reached_at)
        if verdict is None:
            return []
        if isinstance(verdict, Silent):
            self._unsaid = Alert(f"{DATABASE}-{now:%Y%m%dT%H%M%S}", DATABASE, verdict.since, now)
        return [Change(DATABASE, verdict)]

    def _tell_of_database(self) -> None:
        if self._unsaid is not None and self._channel.deliver(self._unsaid):
            logger.info("alert %s delivered", self._unsaid.incident)
            self._unsaid = None

    def _tell_of_incidents(self) -> None:
        try:
            # One that does not arrive ends the round: looking must go on.
            while self._tell_next():
                pass
        except psycopg.Error as error:
            logger.warning("alerts that wait cannot be read: %s", type(error).__name__)

    def _tell_next(self) -> bool:
        with self._connect() as db:
            claimed = watching.claim_alert(db, seconds=DELIVERY_SECONDS)
        if claimed is None:
            return False
        if claimed.id not in self._told and not self._channel.deliver(claimed.alert):
            return False
        self._told.add(claimed.id)
        with self._connect() as db:
            watching.told(db, claimed)
        logger.info("alert %s delivered", claimed.alert.incident)
        return True


def _log(change: Change) -> None:
    since = change.verdict.since.isoformat()
    if isinstance(change.verdict, Silent):
        logger.critical("alert", extra={"component": change.component, "silent_since": since})
    else:
        logger.info("recovered", extra={"component": change.component, "steady_since": since})


def run(settings: Settings) -> None:
    """Watches until TERM or INT; the process then ends by itself, after the round it is in."""
    logs.configure(settings)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    after = settings.alert_after_seconds
    patience = min(LONGEST_REQUEST_SECONDS, after / 5)
    connect = partial(impatient_connection, settings.database_url.get_secret_value(), seconds=patience)
    logger.info("watching; an alert after %g s of silence, a look every %g s", after, settings.look_seconds)
    with closing(_channel(settings, patience)) as channel:
        watchdog = Watchdog(connect, AlarmPolicy(timedelta(seconds=after)), channel, steady_clock())
        while not stop.is_set():
            began = time.monotonic()
            watchdog.tick()
            stop.wait(settings.look_seconds - (time.monotonic() - began))


def _channel(settings: Settings, timeout_seconds: float) -> Channel:
    url = settings.alert_webhook_url
    return LogOnly() if url is None else AlertWebhook(url.get_secret_value(), timeout_seconds=timeout_seconds)
