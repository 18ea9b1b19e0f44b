"""What the fault driver reads and moves in a real database, and does to a real broker, without the rest of the stack."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
import redis

from audit.experiments.driver import DriverError
from audit.experiments.waiting import wait_until
from checks import messages
from checks.daily_limit import begin_next_day, fill_day
from checks.disturbances import DAILY_LIMIT, DISTURBANCES
from checks.fault_driver import ReferenceFaultDriver
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
    nothing = cast("Any", None)
    running = RunningStack(Path(), servers, nothing, "", {}, Path(), nothing, nothing, nothing)
    driver = ReferenceFaultDriver(Path(), opening=lambda: nullcontext(running))
    driver.start()
    return driver


@pytest.fixture
def driver(postgres_url: str) -> ReferenceFaultDriver:
    """Six pending messages."""
    db = Database(postgres_url)
    launch_campaign(db, create_campaign(db, "name", "body", PHONES))
    db.close()
    return over(Servers(postgres_url, ""))


def test_what_is_open_in_flight_and_sent(driver: ReferenceFaultDriver) -> None:
    assert driver.unsettled() == frozenset(PHONES)
    assert driver.sending() == frozenset()
    driver.stack.rows("UPDATE messages SET status = 'sending', lease_token = gen_random_uuid(), lease_until = now()")
    assert driver.sending() == frozenset(PHONES)
    driver.stack.rows(SENT, PHONES[:4])
    assert driver.laboratory.states.sent() == 4
    assert driver.unsettled() == frozenset(PHONES[4:])
    first = messages.first(driver.stack, [*PHONES[:4], "+33639981234"])
    assert {m.key for m in first} == set(PHONES[:4])
    assert {(m.status, m.wa_id) for m in first} == {("sent", f"w{m.id}") for m in first}
    assert set(driver.laboratory.stakes.sent_contacts(3)) <= set(PHONES[:4])


def test_waiting_is_skipped_by_moving_dates(driver: ReferenceFaultDriver) -> None:
    driver.stack.rows("UPDATE messages SET next_attempt_at = now() + interval '1 day'")
    driver.hasten()
    due = driver.stack.rows("SELECT count(*) FROM messages WHERE next_attempt_at <= now() AND published_at < now()")
    assert due == [(len(PHONES),)]


def test_the_age_of_a_message_is_moved(driver: ReferenceFaultDriver) -> None:
    driver.stack.rows(SENT, PHONES)
    driver.laboratory.states.age(PHONES[:1], minutes=24 * 60 + 2)
    old = driver.stack.rows("SELECT count(*) FROM messages WHERE sent_at < now() - interval '24 hours'")
    assert old == [(1,)]


def test_midnight_comes_by_moving_the_counter_of_the_day(driver: ReferenceFaultDriver) -> None:
    for _ in range(2):
        fill_day(driver.stack, DAILY_LIMIT)
        begin_next_day(driver.stack)
    days = driver.stack.rows("SELECT day = current_date - 1, message_1 FROM daily_counters")
    assert days == [(True, DAILY_LIMIT)]


def test_connections_to_the_database_are_cut(driver: ReferenceFaultDriver) -> None:
    with psycopg.connect(driver.stack.running.database_url) as victim:
        with driver.disturb("database-cut"):
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
        with driver.disturb(name):
            assert not back(client)
        assert wait_until(lambda: back(client), 10)
        assert client.get("kept") == kept


def test_the_broker_freezes_and_its_connections_are_cut(broker: tuple[ReferenceFaultDriver, "redis.Redis"]) -> None:
    driver, client = broker
    with driver.disturb("broker-frozen"):
        assert not back(client)
    assert wait_until(lambda: back(client), 10)
    identifier = client.client_id()
    with driver.disturb("broker-cut"):
        pass
    assert wait_until(lambda: back(client), 10)
    assert client.client_id() != identifier


def test_servers_of_somebody_else_are_neither_killed_nor_frozen(driver: ReferenceFaultDriver) -> None:
    for name in ("broker-killed", "broker-emptied", "broker-frozen", "database-restarted"):
        with pytest.raises(DriverError, match="pas à nous"), driver.disturb(name):
            pass


def test_every_disturbance_and_point_of_the_laboratory_has_its_way() -> None:
    from audit.experiments.laboratory import fault_catalogue  # noqa: PLC0415
    from checks.crash_points import POINTS  # noqa: PLC0415

    assert set(DISTURBANCES) == set(fault_catalogue.DISTURBANCES)
    assert set(POINTS) == {*fault_catalogue.POINTS, *fault_catalogue.WEBHOOK_POINTS}
