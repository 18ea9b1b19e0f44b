"""Losses that no process had to die for: a gateway that refuses for a while, and a campaign stopped by its errors."""

import time
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from system.db.database import Database
from system.domain.campaign_life import Resume
from system.sandbox.demo import fictional_phones
from system.sandbox.gateway_protocol import Behaviour, Rule
from system.sandbox.processes import wait_until
from system.sandbox.stack import RunningStack, running_stack
from system.sandbox.tally import tally
from system.services.pausing import NothingToSendError, resume_campaign
from tests.unit.system.administration import PASSWORD, TOKEN_SECRET, add_everybody

pytestmark = pytest.mark.real
HASTEN = """UPDATE messages SET next_attempt_at = now(), published_at = now() - interval '1 hour'
    WHERE status IN ('pending', 'unknown') AND next_attempt_at > now()"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    env = {"ADMIN_TOKEN_SECRET": TOKEN_SECRET}
    folder = tmp_path_factory.mktemp("stack")
    with running_stack(data_dir=folder, extra_env=env, alert_after_seconds=10) as running:
        database = Database(running.database_url)
        add_everybody(database)
        database.close()
        yield running
        running.gateway.behave(Behaviour())


def rows(stack: RunningStack, query: str, *parameters: object) -> list[tuple[object, ...]]:
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        cursor = connection.execute(query.encode(), parameters)
        return cursor.fetchall() if cursor.description else []


def page(stack: RunningStack) -> str:
    with httpx.Client(base_url=stack.web_url, trust_env=False, follow_redirects=True) as client:
        client.post("/page/login", data={"name": "operator", "password": PASSWORD}, headers={"Origin": stack.web_url})
        return client.get("/").raise_for_status().text


def outlast(stack: RunningStack, seconds: float) -> None:
    """More than the four attempts of every message, without their waits."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        rows(stack, HASTEN)
        time.sleep(0.5)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_outage_of_the_gateway_costs_nobody_his_message(stack: RunningStack, status: int) -> None:
    since, phones = stack.gateway.counts().accepted, fictional_phones(15)
    told = len([alert for alert in stack.gateway.alerts() if alert.body["component"] == "gateway"])
    stack.gateway.behave(Behaviour(rules=(Rule(outcome="status", status=status),)))
    campaign = stack.launch_campaign(f"Panne {status}", "Bonjour", phones)
    wait_until(
        lambda: rows(stack, "SELECT open_since IS NOT NULL FROM gateway_breaker") == [(True,)],
        seconds=150,
        what="sending held",
    )
    outlast(stack, 12)
    assert rows(stack, "SELECT status FROM campaigns WHERE id = %s", campaign) == [("sending",)]
    assert rows(stack, "SELECT count(*) FROM messages WHERE status = 'failed' AND campaign_id = %s", campaign) == [(0,)]
    assert "Envois retenus" in page(stack)
    wait_until(
        lambda: len([a for a in stack.gateway.alerts() if a.body["component"] == "gateway"]) == told + 1,
        seconds=60,
        what="an alert about the gateway",
    )
    stack.gateway.behave(Behaviour())
    # The first attempts that were refused wait their 60 s.
    outlast(stack, 2)
    wait_until(
        lambda: stack.gateway.counts().accepted - since >= len(phones), seconds=180, what="fifteen sends accepted"
    )
    assert tally(phones, stack.gateway.ledger(since=since)).exactly_once
    assert "Envois retenus" not in page(stack)


def test_resuming_after_an_error_spike_destroys_nothing(stack: RunningStack) -> None:
    since, phones = stack.gateway.counts().accepted, fictional_phones(25)
    stack.gateway.behave(Behaviour(rules=(Rule(outcome="status", status=404),)))
    campaign = stack.launch_campaign("Pic", "Bonjour", phones)
    wait_until(
        lambda: rows(stack, "SELECT status FROM campaigns WHERE id = %s", campaign) == [("paused",)],
        seconds=150,
        what="the campaign paused by its errors",
    )
    wait_until(
        lambda: (
            rows(stack, "SELECT count(*) FROM messages WHERE status = 'failed' AND campaign_id = %s", campaign)
            == [(25,)]
        ),
        seconds=150,
        what="every message refused",
    )
    shown = page(stack)
    assert "derniers messages ont échoué" in shown
    assert "Reprendre les échecs" in shown
    database = Database(stack.database_url)
    with pytest.raises(NothingToSendError):
        resume_campaign(database, campaign)
    assert rows(stack, "SELECT status FROM campaigns WHERE id = %s", campaign) == [("paused",)]
    stack.gateway.behave(Behaviour())
    resume_campaign(database, campaign, which=Resume.FAILED)
    database.close()
    wait_until(lambda: stack.gateway.counts().accepted - since >= 25, seconds=150, what="every message accepted")
    assert tally(phones, stack.gateway.ledger(since=since)).exactly_once
