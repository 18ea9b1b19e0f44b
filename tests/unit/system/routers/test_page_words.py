"""What a page says beside what it does: both messages, who launched, where a mistake is."""

import re
from typing import Any

import pytest

from system.config import get_settings
from tests.unit.system.bench import Bench
from tests.unit.system.routers.page_browser import Browser

pytestmark = pytest.mark.real
FILE = b"phone;nom\n0639980001;Anne\n12;Bea\n"


def draft(browser: Browser) -> None:
    browser.log_in("admin")
    browser.submit("/page/imports", file=FILE, category="Salon", consent="salon")
    browser.submit("/page/campaigns", name="Rentrée", category="Salon", message="Bonjour", follow_up="Merci {{nom}}")


def test_a_launch_shows_both_messages_and_titles_them(browser: Browser) -> None:
    draft(browser)
    asked = browser.request("GET", "/page/campaigns/1/confirm/start").text
    assert ("<h2>Message 2" in asked, 'id="text-2">Merci Anne</p>' in asked) == (True, True)
    assert '<h4>Message 2</h4><p class="bubble" id="preview-2">' in browser.request("GET", "/page/campaigns/1").text


def test_a_launch_names_only_who_is_left_out_and_warns_of_a_text_that_says_nothing_of_refusing(
    browser: Browser, bench: Bench
) -> None:
    draft(browser)
    bench.execute("UPDATE contacts SET opted_in_at = NULL, opt_in_source = NULL WHERE phone = '+33639980001'")
    browser.submit("/page/contacts", phone="0639980002", name="Zoé", categories="salon", opt_in_source="salon")
    asked = browser.request("GET", "/page/campaigns/1/confirm/start").text
    assert "1 autre ne recevra rien&nbsp;: 1 sans consentement." in asked
    assert "ne dit pas comment ne plus rien recevoir" in asked
    assert "personnes" not in asked
    for text in ("Bonjour. Répondez STOP pour ne plus rien recevoir.", "Bonjour, désinscription : répondez non."):
        bench.execute("UPDATE campaigns SET message_template = %s", text)
        asked = browser.request("GET", "/page/campaigns/1/confirm/start").text
        assert "ne dit pas comment" not in asked


def test_what_is_done_already_leads_back_to_the_campaign(browser: Browser) -> None:
    draft(browser)
    for path in ("confirm/cancel", "confirm/destroy"):
        answer = browser.request("GET", f"/page/campaigns/1/{path}")
        assert ('<a href="/page/campaigns/1">Voir la campagne</a>' in answer.text) is (answer.status_code == 409)


def test_a_campaign_is_written_for_the_category_just_imported(browser: Browser) -> None:
    browser.log_in()
    there = browser.submit("/page/imports", file=FILE, category="Salon & Co").headers["Location"]
    shown = browser.request("GET", there).text
    (led,) = re.findall(r'href="(/page/campaigns/new[^"]*)"', shown)
    assert '<option value="Salon &amp; Co" selected>' in browser.request("GET", led).text


def test_a_planned_hour_is_shown_in_its_form(browser: Browser, bench: Bench) -> None:
    draft(browser)
    bench.execute(
        "UPDATE campaigns SET status = 'scheduled', scheduled_at = '2126-07-01 10:05+00', sending_zone = 'Europe/Paris', sending_opens = 0, sending_closes = 1440"
    )
    shown = browser.request("GET", "/page/campaigns/1").text
    assert ('value="2126-07-01"' in shown, 'value="12:05"' in shown) == (True, True)


def test_who_launched_is_told_after_a_pause_too(browser: Browser) -> None:
    draft(browser)
    assert 'id="launch"' not in browser.request("GET", "/page/campaigns/1").text
    browser.confirm(1, "start")
    browser.log_in("operator")
    for deed in ("pause", "resume"):
        browser.submit(f"/page/campaigns/1/{deed}")
    shown = browser.request("GET", "/page/campaigns/1").text
    assert re.search(r"<dt>Lancée</dt><dd>le \d\d/\d\d/\d{4} à [^<]+, par «&nbsp;admin&nbsp;»</dd>", shown)
    assert ("<dt>Catégorie</dt><dd>Salon</dd>" in shown, "<dt>Heures des Messages 1</dt>" in shown) == (True, True)


def test_a_scheduled_launch_names_who_scheduled_it(browser: Browser, bench: Bench) -> None:
    draft(browser)
    bench.execute(
        "INSERT INTO action_log (actor, action, detail) VALUES ('anne', 'campaign scheduled', '{\"campaign_id\": 1}')"
    )
    bench.execute("UPDATE campaigns SET status = 'sending', launched_at = now()")
    assert ", planifiée par «&nbsp;anne&nbsp;»" in browser.request("GET", "/page/campaigns/1").text


def test_an_erased_person_is_named_so_and_plays_nothing(
    browser: Browser, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WASSENGER_API_KEY", "sandbox")
    monkeypatch.setenv("WASSENGER_BASE_URL", "http://127.0.0.1:1/v1")
    get_settings.cache_clear()
    campaign_id = bench.campaign(2)
    for message_id in bench.ids(campaign_id):
        bench.sender().send(message_id)
    bench.execute("UPDATE contacts SET erased_at = now(), name = NULL WHERE phone = '+33639980000'")
    browser.log_in()
    shown = browser.request("GET", f"/page/campaigns/{campaign_id}/results").text
    # The other one can be played.
    assert (shown.count("(personne effacée)"), shown.count('value="reply"')) == (1, 1)


def test_refused_lines_stack_as_other_tables(browser: Browser) -> None:
    draft(browser)
    shown = browser.request("GET", "/page/imports/1").text
    assert ('<table class="cards">' in shown, 'data-label="Contenu"' in shown) == (True, True)


def test_an_account_is_closed_after_a_question(browser: Browser) -> None:
    browser.log_in("admin")
    users = browser.request("GET", "/page/users").text
    assert ('action="/page/users/reader/disable"' in users, 'href="/page/users/reader/disable"' in users) == (
        False,
        True,
    )
    assert 'action="/page/users/reader/disable"' in browser.request("GET", "/page/users/reader/disable").text
    assert browser.request("GET", "/page/users/nobody/disable").status_code == 404


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/page/campaigns", {"name": "Salon"}),
        ("/page/campaigns/1/test", {"phone": "12"}),
        ("/page/contacts/1/consent", {"source": ""}),
        ("/page/users", {"name": "anne", "role": "chief"}),
        ("/page/people/export", {"phone": "12"}),
        ("/page/imports", {}),
    ],
)
def test_a_refused_form_says_so_in_its_title_and_takes_the_focus(
    browser: Browser, path: str, data: dict[str, Any]
) -> None:
    draft(browser)
    answer = browser.submit(path, **data)
    assert answer.status_code == 422
    assert "<title>Erreur&nbsp;: " in answer.text
    assert re.findall(r'role="alert" tabindex="-1" (autofocus)\b', answer.text) == ["autofocus"]
    browser.log_in("admin")
    assert "Erreur&nbsp;" not in browser.request("GET", "/page/campaigns/new").text


def test_a_message_1_is_asked_to_tell_how_to_opt_out(browser: Browser) -> None:
    browser.log_in()
    shown = browser.request("GET", "/page/campaigns/new").text
    assert ("Répondez STOP" in shown, 'aria-describedby="message-count stop-hint variables-hint"' in shown) == (
        True,
        True,
    )
