import httpx
import pytest
import redis
import respx

from system.tasks import verification_tasks
from tests.unit.system.bench import Bench
from tests.unit.system.environment import API

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("in_the_stack")]


@pytest.fixture
def people(bench: Bench) -> None:
    bench.execute(
        "INSERT INTO contacts (phone) SELECT '+3363998' || to_char(n, 'FM0000') FROM generate_series(1, 25) AS n"
    )


@respx.mock
def test_a_turn_publishes_the_next(bench: Bench, people: None, redis_url: str) -> None:
    respx.post(f"{API}/numbers/exists").respond(200, json={"exists": True})
    turn = verification_tasks.verify_contacts()
    assert (turn["valid"], turn["stopped"]) == (20, None)
    with redis.Redis.from_url(redis_url) as broker:
        assert broker.llen("verification") == 1
        assert verification_tasks.verify_contacts(after=turn["next_after"])["valid"] == 5
        assert broker.llen("verification") == 1


@respx.mock
def test_one_contact(bench: Bench, people: None) -> None:
    respx.post(f"{API}/numbers/exists").mock(return_value=httpx.Response(200, json={"exists": False}))
    assert verification_tasks.verify_contact(1) == "NumberChecked(exists=False)"
    assert verification_tasks.verify_contact(99) == "None"


@respx.mock
def test_a_stopped_account_ends_the_chain(bench: Bench, people: None, redis_url: str) -> None:
    respx.post(f"{API}/numbers/exists").respond(401)
    assert verification_tasks.verify_contacts()["stopped"] == "HTTP 401"
    with redis.Redis.from_url(redis_url) as broker:
        assert broker.llen("verification") == 0
