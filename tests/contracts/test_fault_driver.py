"""What the fault driver reads and moves in a real database, and does to a real broker, without the rest of the stack."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
import redis

from audit.experiments.driver import DriverError
from audit.experiments.waiting import wait_until
from checks.disturbances import _FULL, _MIDNIGHT, DISTURBANCES
from checks.fault_driver import DAILY_LIMIT, ReferenceFaultDriver
from system.db.database import Database
from system.sandbox.servers import Servers, redis_server
from system.sandbox.stack import RunningStack
from system.services.campaigns import create_campaign, launch_campaign

pytestmark = pytest.mark.real

PHONES = [f"+3363998000{n}" for n in range(6)]
SENT = """
    UPDATE messages SET status = 'sent', gateway_id = 'g' || id, wa_id = 'w' || id, sent_at = now()
    WHERE contact_id IN (SELECT id FROM contacts WHERE phone = ANY(%s))
"""


def over(servers: Servers) -> ReferenceFaultDriver:
    """A driver of a stack that has only these servers."""
    driver = ReferenceFaultDriver(Path())
    nothing = cast("Any", None)
    driver._running = RunningStack(Path(), servers, nothing, "", {}, Path(), nothing, nothing, nothing)
    return driver


@pytest.fixture
def driver(postgres_url: str) -> ReferenceFaultDriver:
    """Six pending messages."""
    db = Database(postgres_url)
    launch_campaign(db, create_campaign(db, "name", "body", PHONES))
    db.close()
    return over(Servers(postgres_url, ""))


def execute(driver: ReferenceFaultDriver, statement: str, *parameters: Any) -> None:
    with psycopg.connect(driver.stack.database_url, autocommit=True) as connection:
        connection.execute(statement.encode(), parameters or None)


def test_what_is_open_in_flight_and_sent(driver: ReferenceFaultDriver) -> None:
    assert driver.unsettled() == frozenset(PHONES)
    assert driver.sending() == frozenset()
    execute(driver, "UPDATE messages SET status = 'sending', lease_token = gen_random_uuid(), lease_until = now()")
    assert driver.sending() == frozenset(PHONES)
    execute(driver, SENT, PHONES[:4])
    assert driver.sent() == 4
    assert driver.unsettled() == frozenset(PHONES[4:])
    assert driver.known(frozenset([*PHONES, "+33639981234"])) == frozenset(PHONES)
    assert set(driver.sent_contacts(3)) <= set(PHONES[:4])
    assert len(driver.whatsapp_ids(PHONES[:2])) == 2
    assert driver.statuses(PHONES[:4]) == {"sent"}


def test_waiting_is_skipped_by_moving_dates(driver: ReferenceFaultDriver) -> None:
    execute(driver, "UPDATE messages SET next_attempt_at = now() + interval '1 day'")
    driver.hasten()
    due = driver._rows("SELECT count(*) FROM messages WHERE next_attempt_at <= now() AND published_at < now()")
    assert due == [(len(PHONES),)]


def test_the_age_of_a_message_is_moved(driver: ReferenceFaultDriver) -> None:
    execute(driver, SENT, PHONES)
    driver.age(PHONES[:1], minutes=24 * 60 + 2)
    old = driver._rows("SELECT count(*) FROM messages WHERE sent_at < now() - interval '24 hours'")
    assert old == [(1,)]


def test_midnight_comes_by_moving_the_counter_of_the_day(driver: ReferenceFaultDriver) -> None:
    with psycopg.connect(driver.stack.database_url, autocommit=True) as connection:
        for _ in range(2):
            connection.execute(_FULL, {"limit": DAILY_LIMIT})
            for statement in _MIDNIGHT:
                connection.execute(statement)
    days = driver._rows("SELECT day = current_date - 1, message_1 FROM daily_counters")
    assert days == [(True, DAILY_LIMIT)]


def test_connections_to_the_database_are_cut(driver: ReferenceFaultDriver) -> None:
    with psycopg.connect(driver.stack.database_url) as victim:
        with DISTURBANCES["database-cut"](driver):
            pass
        with pytest.raises(psycopg.OperationalError):
            victim.execute("SELECT 1")


@pytest.fixture
def broker() -> Iterator[tuple[ReferenceFaultDriver, "redis.Redis"]]:
    with redis_server() as server:
        client = redis.Redis.from_url(server.url, socket_timeout=0.3)
        client.set("kept", "1")
        yield over(Servers("", server.url, redis=server)), client
        client.close()


def back(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def test_the_broker_comes_back_with_its_data_or_without(broker: tuple[ReferenceFaultDriver, "redis.Redis"]) -> None:
    driver, client = broker
    for name, kept in (("broker-killed", b"1"), ("broker-emptied", None)):
        with DISTURBANCES[name](driver):
            assert not back(client)
        assert wait_until(lambda: back(client), 10)
        assert client.get("kept") == kept


def test_the_broker_freezes_and_its_connections_are_cut(broker: tuple[ReferenceFaultDriver, "redis.Redis"]) -> None:
    driver, client = broker
    with DISTURBANCES["broker-frozen"](driver):
        assert not back(client)
    assert wait_until(lambda: back(client), 10)
    identifier = client.client_id()
    with DISTURBANCES["broker-cut"](driver):
        pass
    assert wait_until(lambda: back(client), 10)
    assert client.client_id() != identifier


def test_servers_of_somebody_else_are_neither_killed_nor_frozen(driver: ReferenceFaultDriver) -> None:
    for name in ("broker-killed", "broker-emptied", "broker-frozen", "database-restarted"):
        with pytest.raises(DriverError, match="pas à nous"), DISTURBANCES[name](driver):
            pass


def test_every_disturbance_and_point_of_the_laboratory_has_its_way() -> None:
    from audit.experiments.laboratory import fault_catalogue  # noqa: PLC0415
    from checks.crash_points import POINTS  # noqa: PLC0415

    assert set(DISTURBANCES) == set(fault_catalogue.DISTURBANCES)
    assert set(POINTS) == {*fault_catalogue.POINTS, *fault_catalogue.WEBHOOK_POINTS}
