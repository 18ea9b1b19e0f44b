"""One round after the other, on a real database whose rows are made old; the channel and the clock are fakes."""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from system.db import heartbeats
from system.db.connection import Db
from system.db.database import Database
from system.domain.alarm import AlarmPolicy
from system.sandbox.processes import GuardedProcess
from system.services.alerts import Alert
from system.watchdog import Watchdog, steady_clock
from tests.unit.system.bench import Bench
from tests.unit.system.fakes import FakeClock

POLICY = AlarmPolicy(timedelta(seconds=300))


class FakeChannel:
    def __init__(self) -> None:
        self.arrived: list[Alert] = []
        self.refused = 0
        self.open = True
        self.deadly = False

    def deliver(self, alert: Alert) -> bool:
        if self.deadly:
            raise KeyboardInterrupt
        if self.open:
            self.arrived.append(alert)
        else:
            self.refused += 1
        return self.open

    def close(self) -> None: ...

    @property
    def components(self) -> list[str]:
        return [alert.component for alert in self.arrived]


class Post:
    """A watchdog at its post: a database that can be cut, and time that passes when told."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.channel = FakeChannel()
        self.clock = FakeClock()
        # A number of transactions that still succeed; None when all do.
        self.left: int | None = None
        self.dog = self.another()

    def another(self) -> Watchdog:
        return Watchdog(self.connect, POLICY, self.channel, self.clock.utc)

    @contextmanager
    def connect(self) -> Iterator[Db]:
        if self.left is not None:
            if self.left == 0:
                raise psycopg.OperationalError
            self.left -= 1
        with self.bench.db.transaction() as connection:
            yield connection

    def beat(self, *components: str) -> None:
        with self.bench.db.transaction() as connection:
            for component in components:
                heartbeats.record(connection, component, "one", beat_seconds=15)

    def passes(self, seconds: float) -> None:
        """Lets so much time pass, here and for every row."""
        self.clock.now += timedelta(seconds=seconds)
        for table, columns in {
            "heartbeats": ("beat_at",),
            "alarms": ("attended_since", "looked_at", "steady_since", "raised_at"),
            "incidents": ("claimed_until", "raised_at", "silent_since"),
        }.items():
            moved = ", ".join(f"{column} = {column} - make_interval(secs => {seconds})" for column in columns)
            self.bench.execute(f"UPDATE {table} SET {moved}")

    def rounds(self, seconds: float, *beating: str) -> None:
        """A round every minute."""
        for _ in range(round(seconds / 60)):
            self.passes(60)
            self.beat(*beating)
            self.dog.tick()


@pytest.fixture
def post(bench: Bench) -> Post:
    return Post(bench)


def test_who_works_is_left_alone(post: Post) -> None:
    post.rounds(1200, "worker", "beat")
    assert post.channel.arrived == []


@pytest.mark.parametrize(("silent", "working"), [("worker", "beat"), ("beat", "worker")])
def test_who_is_silent_is_named_once_and_its_return_is_only_logged(
    post: Post, silent: str, working: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "system.watchdog")
    post.rounds(120, "worker", "beat")
    post.rounds(300, working)
    assert post.channel.components == [silent]
    (alert,) = post.channel.arrived
    assert 300 <= (alert.raised_at - alert.silent_since).total_seconds() < 360
    post.rounds(1200, working)
    post.rounds(600, "worker", "beat")
    assert post.channel.components == [silent]
    events = [
        (record.message, record.__dict__["component"]) for record in caplog.records if "component" in record.__dict__
    ]
    assert events == [("alert", silent), ("recovered", silent)]
    # The next silence is another incident.
    post.rounds(360, working)
    assert post.channel.components == [silent, silent]
    assert len({alert.incident for alert in post.channel.arrived}) == 2


def test_a_silence_soon_after_another_is_told_as_well(post: Post) -> None:
    post.rounds(360, "beat")
    post.rounds(120, "worker", "beat")
    post.rounds(240, "beat")
    assert post.channel.components == ["worker"]
    post.rounds(600, "beat")
    assert post.channel.components == ["worker", "worker"]
    assert len({alert.incident for alert in post.channel.arrived}) == 2


def test_those_who_never_gave_a_sign_are_alerted(post: Post) -> None:
    post.rounds(420)
    assert sorted(post.channel.components) == ["beat", "worker"]


def test_a_new_watchdog_alerts_nobody_again_and_goes_on_counting(post: Post) -> None:
    post.rounds(180, "beat")
    post.dog = post.another()
    post.rounds(240, "beat")
    assert post.channel.components == ["worker"]
    post.dog = post.another()
    post.rounds(600, "beat")
    assert post.channel.components == ["worker"]


def test_two_watchdogs_alert_once(post: Post) -> None:
    dogs = [post.another() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        for _ in range(10):
            post.passes(60)
            post.beat("beat")
            list(pool.map(Watchdog.tick, dogs))
    assert post.channel.components == ["worker"]


def test_an_alert_that_does_not_arrive_is_tried_again(post: Post) -> None:
    post.channel.open = False
    post.rounds(480)
    # One of the two a round, so that looking goes on.
    assert post.channel.refused > 1
    post.channel.open = True
    post.rounds(60)
    assert sorted(post.channel.components) == ["beat", "worker"]
    # Nor is it told of again by another watchdog.
    post.dog = post.another()
    post.rounds(300)
    assert len(post.channel.arrived) == 2


def test_an_alert_claimed_by_a_dead_watchdog_is_delivered_by_another(post: Post) -> None:
    post.channel.deadly = True
    with pytest.raises(KeyboardInterrupt):
        post.rounds(420, "beat")
    post.channel.deadly = False
    post.dog = post.another()
    post.dog.tick()
    assert post.channel.arrived == []
    post.passes(16)
    post.dog.tick()
    assert post.channel.components == ["worker"]


def test_what_arrived_is_not_sent_again_when_the_database_could_not_be_told(post: Post) -> None:
    post.rounds(300, "beat")
    post.passes(60)
    post.beat("beat")
    # The look and the claim succeed; the record of the delivery does not.
    post.left = 2
    post.dog.tick()
    post.left = None
    post.rounds(120, "beat")
    assert post.channel.components == ["worker"]
    assert post.bench.execute("SELECT 1 FROM incidents WHERE notified_at IS NULL") == []


def test_a_database_that_is_away_is_alerted_itself_and_nobody_else(post: Post) -> None:
    post.rounds(120, "worker", "beat")
    post.left = 0
    post.channel.open = False
    post.rounds(360)
    assert post.channel.refused > 0
    post.channel.open = True
    post.rounds(600)
    assert post.channel.components == ["database"]
    # Nobody could give a sign meanwhile: their silence is counted from now on.
    post.left = None
    post.rounds(240)
    assert post.channel.components == ["database"]
    post.rounds(120, "worker", "beat")
    post.rounds(900, "worker", "beat")
    assert post.channel.components == ["database"]
    post.left = 0
    post.rounds(360)
    assert post.channel.components == ["database", "database"]


def test_a_short_absence_of_the_database_is_nothing(post: Post) -> None:
    post.rounds(120, "worker", "beat")
    post.left = 0
    post.rounds(120)
    post.left = None
    post.rounds(600, "worker", "beat")
    assert post.channel.arrived == []


def test_the_clock_goes_on_in_utc() -> None:
    clock = steady_clock()
    first, second = clock(), clock()
    assert first <= second
    assert first.utcoffset() == timedelta(0)


def test_the_process_watches_until_it_is_told_to_end(db: Database, postgres_url: str, tmp_path: Path) -> None:
    env = os.environ | {
        "DATABASE_URL": postgres_url,
        # Nobody is there: it needs no Redis.
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "WASSENGER_API_KEY": "key",
        "WASSENGER_DEVICE": "0123456789abcdef01234567",
    }

    def looked() -> bool:
        with db.transaction() as connection:
            return len(connection.execute("SELECT 1 FROM alarms").fetchall()) == 2

    command = [sys.executable, "-m", "system", "watchdog"]
    with GuardedProcess("watchdog", command, log=tmp_path / "log", env=env) as process:
        process.wait_ready(looked)
        process.signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert "an alert after 300 s of silence, a look every 10 s" in (tmp_path / "log").read_text()
