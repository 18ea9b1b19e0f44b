"""What the page says of a campaign that is on its way: why it waits, how far it is, how it ended."""

import re
from datetime import timedelta

import pytest

from system.clock import utc_now
from system.db import gateway_breaker
from system.domain.daily_limit import DailyLimit
from system.domain.gateway_breaker import BreakerPolicy
from system.domain.sending_hours import SendingHours
from system.gateway.outcomes import Refused
from system.page.rendering import reason
from system.services.campaigns import Limits, create_campaign, dispatch, launch_campaign
from system.services.consent import opt_out
from tests.unit.system.bench import Bench
from tests.unit.system.routers.page_browser import Browser
from tests.unit.system.services.webhook_events import event, process

pytestmark = pytest.mark.real
WAITS = "Les Messages&nbsp;1 attendent"


def turn(bench: Bench, campaign_id: int, limit: int) -> None:
    bench.age(1)
    dispatch(bench.db, bench.locks, campaign_id, batch_size=100, limits=Limits(daily=DailyLimit(limit)))


def shown(browser: Browser, campaign_id: int) -> tuple[str, str]:
    """The campaign on the home page and on its own."""
    return tuple(browser.request("GET", path).text for path in ("/?which=all", f"/page/campaigns/{campaign_id}"))  # type: ignore[return-value]


def test_a_full_day_is_said_with_its_reason_and_until_something_leaves(browser: Browser, bench: Bench) -> None:
    campaign_id = bench.campaign(3)
    bench.execute("INSERT INTO daily_counters (day, message_1) VALUES (%s, 800)", utc_now().date())
    turn(bench, campaign_id, 1000)
    browser.log_in("reader")
    for page in shown(browser, campaign_id):
        assert WAITS + ", car la limite du jour est atteinte (1\u202f000 messages, dont 200 gardés" in page
    assert "Il reste 0 Message&nbsp;1 pour aujourd’hui" in shown(browser, campaign_id)[0]
    # The limit is raised: the next turn sends.
    turn(bench, campaign_id, 20_000)
    assert not any(WAITS in page for page in shown(browser, campaign_id))


def test_nothing_waits_where_nothing_is_left_to_leave(browser: Browser, bench: Bench) -> None:
    campaign_id = bench.campaign(1)
    for message_id in bench.ids(campaign_id):
        bench.sender().send(message_id)
    bench.execute("UPDATE campaigns SET held_until = now() + interval '5 hours'")
    browser.log_in("reader")
    for page in shown(browser, campaign_id):
        assert (WAITS in page, "Tout est parti" in page) == (False, True)


def test_the_hour_and_the_gateway_are_told_apart(browser: Browser, bench: Bench) -> None:
    local = utc_now()
    opens = 0 if local.hour >= 12 else 60 * 23
    hours = SendingHours(SendingHours.parse("00:00-24:00", "UTC").zone, opens, opens + 30)
    campaign_id = create_campaign(bench.db, "Nuit", "Bonjour", ["+33639980001"], hours=hours)
    launch_campaign(bench.db, campaign_id)
    turn(bench, campaign_id, 1000)
    browser.log_in("reader")
    assert WAITS + ", car ce n’est pas l’heure d’envoi" in shown(browser, campaign_id)[1]
    with bench.db.transaction() as connection:
        policy = BreakerPolicy(refusals=1, probe_seconds=timedelta(hours=1).total_seconds())
        assert gateway_breaker.note_refusal(connection, policy, "HTTP 403")
    for page in shown(browser, campaign_id):
        assert WAITS + ", car la passerelle refuse tout" in page
        assert "Envois retenus depuis le" in page
        assert "(HTTP 403). Aucun message n’est perdu" in page
        assert "une nouvelle tentative part le" in page
    bench.execute("UPDATE gateway_breaker SET probe_at = now() - interval '1 second'")
    for page in shown(browser, campaign_id):
        assert "le prochain message à partir dira si elle répond de nouveau" in page


def test_a_dead_broker_or_worker_is_said_where_something_waits(browser: Browser, bench: Bench) -> None:
    campaign_id = bench.campaign(1)
    browser.log_in("reader")
    for age, said in ((1, False), (3600, True)):
        bench.execute("DELETE FROM heartbeats")
        bench.execute(
            "INSERT INTO heartbeats (component, instance, beat_at) VALUES ('worker', 'w', now() - make_interval(secs => %s))",
            age,
        )
        for page in shown(browser, campaign_id):
            assert ("Plus rien ne part depuis le" in page) is said


def test_a_cancelled_campaign_says_who_got_something(browser: Browser, bench: Bench) -> None:
    campaign_id = bench.campaign(3)
    bench.sender().send(bench.ids(campaign_id)[0])
    browser.log_in()
    assert (
        'id="reached">1</strong> personne a reçu'
        in browser.request("GET", f"/page/campaigns/{campaign_id}/confirm/cancel").text
    )
    browser.confirm(campaign_id, "cancel")
    for page in shown(browser, campaign_id):
        assert "Annulée&nbsp;: 1 personne a reçu le Message&nbsp;1" in page
        assert "2 n’ont rien reçu" in page
        assert "<dt>Annulé" not in page


def test_opt_outs_are_counted_once_and_the_bar_is_full_without_them(browser: Browser, bench: Bench) -> None:
    campaign_id = bench.campaign(3, launched=False)
    opt_out(bench.db, "+33639980000", source="operator")
    launch_campaign(bench.db, campaign_id)
    for message_id in bench.ids(campaign_id):
        bench.sender().send(message_id)
    opt_out(bench.db, "+33639980001", source="operator")
    browser.log_in("reader")
    for page in shown(browser, campaign_id):
        assert "2 sur 2</progress>" in page
        numbers = re.findall(r"<dt>(Contacts|Désinscrits|Écartés, déjà désinscrits)</dt><dd>(?:<a [^>]*>)?(\d+)", page)
        assert dict(numbers) == {"Contacts": "2", "Désinscrits": "1", "Écartés, déjà désinscrits": "1"}
        assert not re.search(r"\b1 contacts", page)
    assert reason("1 contacts have no value for {{nom}}, which has no default").startswith(
        "1 contact n’a pas de valeur"
    )


def test_when_the_numbers_were_read_is_told(browser: Browser, bench: Bench) -> None:
    campaign_id = bench.campaign(1)
    browser.log_in("reader")
    for path in ("/", "/page/live", f"/page/campaigns/{campaign_id}", f"/page/campaigns/{campaign_id}/live"):
        text = browser.request("GET", path).text
        assert re.search(r'Mis à jour à <time datetime="[^"]+">\d\d:\d\d:\d\d</time>', text), path


def test_replies_come_by_themselves(browser: Browser, bench: Bench) -> None:
    campaign_id = bench.campaign(1)
    bench.sender().send(bench.ids(campaign_id)[0])
    browser.log_in("reader")
    page = browser.request("GET", f"/page/campaigns/{campaign_id}").text
    (address,) = re.findall(r'id="replies-live" hx-get="([^"]+)" hx-trigger="every 5s"', page)
    assert "Aucune réponse pour le moment." in browser.request("GET", address).text
    process(bench, event(1, data={"id": "wa-1", "fromNumber": "+33639980000", "body": "Avec plaisir <3"}))
    assert "Avec plaisir &lt;3" in browser.request("GET", address).text
    assert browser.request("GET", "/page/campaigns/99/replies/live").status_code == 404


def test_failures_are_told_where_all_was_tried(browser: Browser, bench: Bench) -> None:
    campaign_id = bench.campaign(2)
    first, second = bench.ids(campaign_id)
    bench.sender().send(first)
    browser.log_in("reader")
    bench.gateway.answers.append(Refused("HTTP 400", retryable=False))
    bench.sender().send(second)
    for page in shown(browser, campaign_id):
        assert ("1 message a échoué" in page, "Tout est parti" in page) == (True, False)


def test_a_test_and_a_launch_on_a_full_day_say_that_nothing_leaves_today(browser: Browser, bench: Bench) -> None:
    bench.campaign(1, launched=False)
    browser.log_in()
    data = {"phone": "+33639980077"}
    assert browser.submit("/page/campaigns/1/test", **data).headers["Location"].endswith("?done=tried")
    bench.execute("INSERT INTO daily_counters (day, message_1) VALUES (%s, 800)", utc_now().date())
    there = browser.submit("/page/campaigns/1/test", **data).headers["Location"]
    assert "La limite du jour est atteinte" in browser.request("GET", there).text
    assert "Rien ne partira aujourd’hui" in browser.request("GET", "/page/campaigns/1/confirm/start").text
