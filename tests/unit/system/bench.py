"""A sender on a real database, with a fake gateway, and the fixtures that give it to a test."""

from collections.abc import Iterator

import pytest

from system.db.database import Database
from system.db.messages import Message
from system.domain.lease import Lease
from system.domain.retry_policy import RetryPolicy
from system.services.campaigns import create_campaign, launch_campaign
from system.services.sending import Sender
from tests.unit.system.environment import wait_for_connections
from tests.unit.system.fakes import FakeClock, FakeGateway, FakeLocks


class Bench:
    """A sender on a real database, with a fake gateway; rows are made old instead of waiting."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.gateway = FakeGateway()
        self.clock = FakeClock()
        self.locks = FakeLocks()
        self.policy = RetryPolicy((60, 120, 240))

    def sender(self, *, daily_limit: int = 1000) -> Sender:
        return Sender(
            self.db,
            self.gateway,
            self.locks,
            self.policy,
            Lease(30, 10),
            daily_limit,
            clock=self.clock.utc,
            monotonic=self.clock.monotonic,
        )

    def campaign(self, contacts: int = 1, *, launched: bool = True) -> int:
        phones = [f"+3363998{number:04d}" for number in range(contacts)]
        campaign_id = create_campaign(self.db, "name", "body", phones)
        if launched:
            launch_campaign(self.db, campaign_id)
        return campaign_id

    def ids(self, campaign_id: int) -> list[int]:
        with self.db.transaction() as connection:
            rows = connection.execute("SELECT id FROM messages WHERE campaign_id = %s ORDER BY id", [campaign_id])
            return [row["id"] for row in rows]

    def message(self, message_id: int) -> Message:
        found = self.db.get_message_by_id(message_id)
        assert found is not None
        return found

    def execute(self, statement: str, *parameters: object) -> list[dict[str, object]]:
        with self.db.transaction() as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def age(self, seconds: float) -> None:
        """Lets so many seconds pass for every row."""
        self.execute(
            """UPDATE messages SET lease_until = lease_until - make_interval(secs => %s),
               next_attempt_at = next_attempt_at - make_interval(secs => %s),
               published_at = published_at - make_interval(secs => %s),
               created_at = created_at - make_interval(secs => %s)""",
            *[seconds] * 4,
        )
        self.execute(
            """UPDATE campaigns SET dispatched_at = dispatched_at - make_interval(secs => %s),
               launched_at = launched_at - make_interval(secs => %s),
               dispatcher_woken_at = dispatcher_woken_at - make_interval(secs => %s)""",
            *[seconds] * 3,
        )
        self.execute(
            "UPDATE gateway_breaker SET probe_at = probe_at - make_interval(secs => %s),"
            " open_since = open_since - make_interval(secs => %s)",
            *[seconds] * 2,
        )

    def die_at_post(self) -> None:
        """The next process dies as it hands the message over: nothing reaches the gateway, nothing is recorded."""

        def die() -> None:
            self.gateway.before_post = lambda: None
            raise KeyboardInterrupt

        self.gateway.before_post = die


@pytest.fixture
def db(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    wait_for_connections(database)
    yield database
    database.close()


@pytest.fixture
def bench(db: Database) -> Bench:
    return Bench(db)
