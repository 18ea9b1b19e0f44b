"""The gates of the laboratory on a real PostgreSQL: what they hold, who waits before them, and that nothing of them is left."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from audit.experiments.waiting import wait_until
from checks.database_gates import CLAIM, RECORD, active_since, closed, count, now, waiting
from system.db.database import Database
from system.services.campaigns import create_campaign, launch_campaign

pytestmark = pytest.mark.real

CLAIMED = "UPDATE messages SET status = 'sending', lease_token = gen_random_uuid(), lease_until = now() WHERE id = %s"
RECORDED = "UPDATE messages SET status = 'sent', gateway_id = 'g', sent_at = now() WHERE id = %s"
LEFT = "SELECT count(*) FROM pg_trigger WHERE tgname = 'laboratory_gate'"


@pytest.fixture
def connection(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def messages(postgres_url: str, connection: psycopg.Connection) -> list[int]:
    """Identifiers of two pending messages."""
    db = Database(postgres_url)
    launch_campaign(db, create_campaign(db, "name", "body", ["+33639980001", "+33639980002"]))
    db.close()
    return [row[0] for row in connection.execute("SELECT id FROM messages ORDER BY id")]


def run(url: str, statement: str, identifier: int) -> None:
    with psycopg.connect(url, autocommit=True) as own:
        own.execute(statement.encode(), [identifier])


def status(connection: psycopg.Connection, identifier: int) -> str:
    (row,) = connection.execute("SELECT status FROM messages WHERE id = %s", [identifier]).fetchall()
    return str(row[0])


def test_the_first_claim_passes_and_the_next_waits_until_the_gate_is_lifted(
    postgres_url: str, connection: psycopg.Connection, messages: list[int]
) -> None:
    first, second = messages
    with ThreadPoolExecutor(1) as pool:
        with closed(postgres_url, CLAIM) as gate:
            run(postgres_url, CLAIMED, first)
            blocked = pool.submit(run, postgres_url, CLAIMED, second)
            assert wait_until(lambda: count(gate) == 1, 10)
            assert waiting(gate, [os.getpid(), os.getppid()]) == (os.getpid(),)
            assert (status(connection, first), status(connection, second)) == ("sending", "pending")
        blocked.result(10)
    assert status(connection, second) == "sending"
    assert connection.execute(LEFT).fetchone() == (0,)


def test_who_has_done_something_since_then(postgres_url: str, connection: psycopg.Connection) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute("SELECT 1")
        moment = now(connection)
        own = connection.info.backend_pid
        others = "SELECT count(*) FROM pg_stat_activity WHERE state_change > %s AND pid <> %s AND client_port > 0"
        assert connection.execute(others, [moment, own]).fetchone() == (0,)
        other.execute("SELECT 1")
        assert connection.execute(others, [moment, own]).fetchone() == (1,)
        assert active_since(connection, moment, [os.getpid(), os.getppid()]) == (os.getpid(),)


def test_another_change_is_not_held(postgres_url: str, connection: psycopg.Connection, messages: list[int]) -> None:
    with closed(postgres_url, RECORD) as gate:
        run(postgres_url, CLAIMED, messages[0])
        assert count(gate) == 0
    run(postgres_url, RECORDED, messages[0])
    assert status(connection, messages[0]) == "sent"


def test_what_a_killed_session_left_is_replaced(
    postgres_url: str, connection: psycopg.Connection, messages: list[int]
) -> None:
    # As its process's death does: the lock is gone, the trigger is there.
    with pytest.raises(psycopg.OperationalError), closed(postgres_url, RECORD) as gate:
        gate.close()
    assert connection.execute(LEFT).fetchone() == (1,)
    with closed(postgres_url, CLAIM):
        run(postgres_url, CLAIMED, messages[0])
    assert connection.execute(LEFT).fetchone() == (0,)
