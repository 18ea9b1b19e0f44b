"""Where signs of life come from. Each proves the work itself, not that a process exists.

A worker that consumes asks for a `record_heartbeat` every few seconds; the sign is its execution, by a child, of any worker.
Beat has given a sign when it has published something. Neither depends on the other.
"""

import logging
import socket
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import psycopg
from celery import bootsteps
from celery.signals import after_task_publish, beat_init
from kombu.exceptions import OperationalError

from system.config import get_settings
from system.db import heartbeats
from system.db.impatient import impatient_connection

logger = logging.getLogger(__name__)

HEARTBEAT = "system.tasks.heartbeat_tasks.record_heartbeat"
# Longer than the hard limit of the tasks that may keep every child busy.
EXPIRES_SECONDS = 120
PATIENCE_SECONDS = 5.0


class HeartbeatStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Asks for heartbeats from the consumer's own loop, as long as this worker consumes."""

    requires = frozenset({"celery.worker.consumer.tasks:Tasks"})

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        self._ask(parent.app)
        self._timer = parent.timer.call_repeatedly(get_settings().heartbeat_seconds, self._ask, (parent.app,))

    def stop(self, parent: Any) -> None:  # noqa: ARG002 (Celery's signature)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @staticmethod
    def _ask(app: Any) -> None:
        try:
            # Without retries, which would keep the loop from consuming.
            app.send_task(HEARTBEAT, expires=EXPIRES_SECONDS, retry=False, ignore_result=True)
        except OperationalError as error:
            logger.warning("no heartbeat asked for: %s", error)


class PublishingWitness:
    """Records when something was last published, from a thread of its own: the database never delays the publisher."""

    def __init__(self, record: Callable[[float], None], *, pause_seconds: float) -> None:
        """`record` is given the age in seconds of the last publication; two records are `pause_seconds` apart."""
        self._record, self._pause = record, pause_seconds
        self._published_at = 0.0
        self._news, self._stopped = Event(), Event()
        self._thread = Thread(target=self._run, name="publishing-witness", daemon=True)

    def start(self) -> None:
        """Begins to record."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, after the record it may be in."""
        self._stopped.set()
        self._news.set()
        self._thread.join()

    def published(self, **_: Any) -> None:
        """Something was published now."""
        self._published_at = time.monotonic()
        self._news.set()

    def _run(self) -> None:
        while self._news.wait() and not self._stopped.is_set():
            self._news.clear()
            try:
                self._record(time.monotonic() - self._published_at)
            except psycopg.Error as error:
                logger.warning("beat's sign of life was not recorded: %s", type(error).__name__)
            self._stopped.wait(self._pause)


def _record_beat(seconds_ago: float) -> None:
    settings = get_settings()
    with impatient_connection(settings.database_url.get_secret_value(), seconds=PATIENCE_SECONDS) as connection:
        heartbeats.record(
            connection,
            heartbeats.BEAT,
            socket.gethostname(),
            beat_seconds=settings.heartbeat_seconds,
            seconds_ago=seconds_ago,
        )


@beat_init.connect  # type: ignore[untyped-decorator]
def _witness_beat(**_: Any) -> None:
    # In beat's process alone: elsewhere, others publish.
    witness = PublishingWitness(_record_beat, pause_seconds=get_settings().heartbeat_seconds / 2)
    after_task_publish.connect(witness.published, weak=False)
    witness.start()
