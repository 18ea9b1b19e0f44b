"""Losses that no process had to die for: a gateway that refuses for a while, a campaign stopped by its errors, nights, an end."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from system.db.database import Database
from system.domain.campaign_life import Resume
from system.domain.sending_hours import SendingHours
from system.sandbox.demo import fictional_phones
from system.sandbox.gateway_protocol import Behaviour, Rule
from system.sandbox.processes import wait_until
from system.sandbox.stack import RunningStack, running_stack
from system.sandbox.tally import tally
from system.services.campaigns import create_campaign, launch_campaign
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


def closed_now() -> SendingHours:
    """Hours of UTC that are hours away."""
    return SendingHours.parse("00:00-06:00" if datetime.now(UTC).hour >= 9 else "18:00-24:00", "UTC")


def test_nothing_leaves_at_night_and_the_page_says_when_it_goes_on(stack: RunningStack) -> None:
    since, phones = stack.gateway.counts().accepted, fictional_phones(5)
    database = Database(stack.database_url)
    campaign = create_campaign(database, "Nuit", "Bonjour", phones, hours=closed_now())
    launch_campaign(database, campaign)
    database.close()
    held = "SELECT held_until > now() + interval '1 hour' FROM campaigns WHERE id = %s"
    wait_until(lambda: rows(stack, held, campaign) == [(True,)], seconds=60, what="the campaign held by the hour")
    assert "l’envoi reprend le" in page(stack)
    assert stack.gateway.counts().accepted == since
    rows(stack, "UPDATE campaigns SET sending_opens = 0, sending_closes = 1440 WHERE id = %s", campaign)
    wait_until(lambda: stack.gateway.counts().accepted - since >= len(phones), seconds=60, what="five sends")
    assert tally(phones, stack.gateway.ledger(since=since)).exactly_once


@pytest.mark.parametrize(("minutes", "starts"), [(58, True), (62, False)])
def test_a_campaign_whose_time_was_missed_is_a_draft_again(stack: RunningStack, minutes: int, starts: bool) -> None:
    since = stack.gateway.counts().accepted
    database = Database(stack.database_url)
    campaign = create_campaign(database, f"Oubli {minutes}", "Bonjour", fictional_phones(3))
    database.close()
    rows(
        stack,
        "UPDATE campaigns SET status = 'scheduled', scheduled_at = now() - make_interval(mins => %s) WHERE id = %s",
        minutes,
        campaign,
    )
    after = "sending" if starts else "draft"
    state = "SELECT status FROM campaigns WHERE id = %s"
    wait_until(lambda: rows(stack, state, campaign) == [(after,)], seconds=60, what=f"the campaign {after}")
    if starts:
        wait_until(lambda: stack.gateway.counts().accepted - since == 3, seconds=60, what="three sends")
    else:
        assert "l’heure prévue est passée depuis trop longtemps" in page(stack)
        assert stack.gateway.counts().accepted == since


def test_a_campaign_closes_48_hours_after_its_last_message_within_minutes(stack: RunningStack) -> None:
    campaign = stack.launch_campaign("Fin", "Bonjour", fictional_phones(2))
    sent = "SELECT count(*) FROM messages WHERE campaign_id = %s AND status = 'sent'"
    wait_until(lambda: rows(stack, sent, campaign) == [(2,)], seconds=60, what="two sends")
    # One is in somebody's hands, and keeps its campaign open; the other left almost 48 h ago.
    stuck = """UPDATE messages SET status = 'unknown', sent_at = NULL, gateway_id = NULL, next_attempt_at = 'infinity'
        WHERE id = (SELECT max(id) FROM messages WHERE campaign_id = %s)"""
    rows(stack, stuck, campaign)
    for column, table in (("sent_at", "messages"), ("launched_at", "campaigns")):
        key = "campaign_id" if table == "messages" else "id"
        rows(stack, f"UPDATE {table} SET {column} = {column} - interval '47:59:40' WHERE {key} = %s", campaign)
    state = "SELECT status FROM campaigns WHERE id = %s"
    assert rows(stack, state, campaign) == [("sending",)]
    wait_until(lambda: rows(stack, state, campaign) == [("completed",)], seconds=150, what="the campaign closed")
    after = """SELECT completed_at - (SELECT max(sent_at) FROM messages WHERE campaign_id = %(id)s) FROM campaigns
        WHERE id = %(id)s"""
    with psycopg.connect(stack.database_url) as connection:
        found = connection.execute(after, {"id": campaign}).fetchone()
    assert found is not None
    assert timedelta(hours=48) <= found[0] < timedelta(hours=48, minutes=2)
