import logging
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import redis

from system.locks import SEND_TTL_SECONDS, connect, send_key
from system.services.interactions import open_follow_up
from tests.criteria.inbound import deliver, from_person
from tests.unit.system.bench import Bench

pytestmark = pytest.mark.real


@pytest.fixture
def campaign_id(bench: Bench) -> int:
    made = bench.campaign(2)
    for number in bench.ids(made):
        bench.sender().send(number)
    return made


def message_2(bench: Bench) -> list[dict[str, object]]:
    return bench.execute("SELECT campaign_id, contact_id FROM messages WHERE kind = 'message_2' ORDER BY id")


def test_6_1_a_message_2_is_looked_for_by_contact_and_campaign(bench: Bench, campaign_id: int) -> None:
    assert len(deliver(bench, from_person(0))) == 1
    assert len(deliver(bench, from_person(1))) == 1
    other = bench.campaign(1)
    for number in bench.ids(other):
        bench.clock.now = bench.clock.now.replace(microsecond=0).replace(year=bench.clock.now.year + 1)
        bench.sender().send(number)
    assert len(deliver(bench, from_person(0), at=bench.clock.now)) == 1
    assert len(message_2(bench)) == 3


def test_6_2_later_interactions_are_recorded_and_send_nothing(bench: Bench, campaign_id: int) -> None:
    (woken,) = deliver(bench, from_person(0))
    bench.sender().send(woken.message_id)
    assert deliver(bench, from_person(0), from_person(0)) == []
    assert bench.execute("SELECT count(*) FROM interactions") == [{"count": 3}]
    assert len(bench.gateway.accepted) == 3


def test_6_3_the_lock_around_a_send_lasts_5_minutes_and_is_its_owner_s(redis_url: str) -> None:
    locks, other = connect(redis_url), connect(redis_url)
    key = send_key(7)
    with redis.Redis.from_url(redis_url, decode_responses=True) as client, locks.hold(key, ttl_seconds=300) as mine:
        assert mine
        assert SEND_TTL_SECONDS == 300
        assert 298 <= int(client.ttl(key)) <= 300
        assert "|" in str(client.get(key))
        with other.hold(key, ttl_seconds=300) as theirs:
            assert not theirs
        assert client.exists(key), "released by somebody who did not hold it"
        # Taken over meanwhile: the first owner must not release it.
        client.set(key, "somebody|else", ex=300)
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        assert client.get(key) == "somebody|else"
    locks.close()
    other.close()


def test_6_4_simultaneous_interactions_give_one_message_2(bench: Bench, campaign_id: int) -> None:
    (row,) = bench.execute("SELECT min(contact_id) AS id FROM messages")
    contact_id = row["id"]
    assert isinstance(contact_id, int)
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(
                lambda _: open_follow_up(bench.db, campaign_id, contact_id, received_at=bench.clock.now), range(24)
            )
        )
    assert len([number for number in made if number is not None]) == 1


def test_6_4_the_database_itself_refuses_a_second_one(bench: Bench, campaign_id: int) -> None:
    deliver(bench, from_person(0))
    with pytest.raises(psycopg.errors.UniqueViolation):
        bench.execute(
            """INSERT INTO messages (campaign_id, contact_id, kind, body, reference)
               SELECT campaign_id, contact_id, kind, body, 'another' FROM messages WHERE kind = 'message_2'"""
        )


def test_6_5_each_attempt_at_a_duplicate_is_logged(
    bench: Bench, campaign_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        deliver(bench, from_person(0), from_person(0), from_person(0), from_person(1))
    lines = [record for record in caplog.records if getattr(record, "event", "") == "duplicate_message_2"]
    assert [record.__dict__["campaign_id"] for record in lines] == [campaign_id] * 2
