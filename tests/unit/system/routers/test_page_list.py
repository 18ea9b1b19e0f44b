"""The list of campaigns: what is over is hidden until it is asked for, and a name or a state finds the rest."""

import re

import pytest

from system.db import campaign_list
from system.page.rendering import LISTED
from system.services.campaigns import create_campaign
from tests.unit.system.bench import Bench
from tests.unit.system.routers.page_browser import Browser

pytestmark = pytest.mark.real
STATES = ("draft", "scheduled", "sending", "paused", "completed", "failed", "cancelled")


@pytest.fixture
def home(browser: Browser, bench: Bench) -> Browser:
    """One campaign of each state, named by it."""
    for state in STATES:
        campaign_id = create_campaign(bench.db, f"Été {state}", "Bonjour", ["+33639980001"])
        bench.execute("UPDATE campaigns SET status = %s, scheduled_at = now() WHERE id = %s", state, campaign_id)
    browser.log_in("reader")
    return browser


def listed(browser: Browser, query: str) -> set[str]:
    """The states of those shown, which the part that refreshes itself shows too."""
    whole = browser.request("GET", f"/{query}").text
    address = re.search(r'hx-get="(/page/live[^"]*)"', whole)
    assert address
    shown = [
        set(re.findall(r'data-status="(\w+)"', text))
        for text in (whole, browser.request("GET", address[1].replace("&amp;", "&")).text)
    ]
    assert shown[0] == shown[1]
    return shown[0]


def test_what_is_over_is_hidden_counted_and_one_link_away(home: Browser) -> None:
    over = {"completed", "cancelled"}
    assert listed(home, "") == set(STATES) - over
    page = home.request("GET", "/").text
    assert "2 campagnes terminées ou annulées ne sont pas montrées" in page
    assert 'href="/?which=all"' in page
    assert listed(home, "?which=all") == set(STATES)
    assert "ne sont pas montrées" not in home.request("GET", "/?which=all").text


@pytest.mark.parametrize("state", STATES)
def test_one_state_alone(home: Browser, state: str) -> None:
    assert listed(home, f"?which={state}&text=") == {state}
    assert f'<option value="{state}" selected>' in home.request("GET", f"/?which={state}").text
    assert state in LISTED


def test_a_name_is_found_by_its_words_without_accents(home: Browser) -> None:
    assert listed(home, "?which=all&text=PAUSED+ete") == {"paused"}
    assert listed(home, "?which=all&text=été+hiver") == set()
    assert listed(home, "?which=all&text=%25") == set()
    nothing = home.request("GET", "/?text=completed").text
    assert "Aucune campagne ne correspond." in nothing
    assert 'href="/?which=all&amp;text=completed"' in nothing
    assert 'value="completed"' in nothing


@pytest.mark.parametrize("query", ["?which=ended", "?text=%00", f"?text={'x' * 101}", "?before=0"])
def test_another_question_is_refused_in_french(home: Browser, query: str) -> None:
    answer = home.request("GET", f"/{query}")
    assert (answer.status_code, "mal écrite" in answer.text) == (422, True)


def test_older_ones_are_of_the_same_question(browser: Browser, bench: Bench) -> None:
    for name in ("Hiver", "Été") * 21:
        create_campaign(bench.db, name, "Bonjour", ["+33639980001"])
    browser.log_in("reader")
    first = browser.request("GET", "/?text=hiver&which=draft").text
    older = re.search(r'href="(/\?which=draft&amp;text=hiver&amp;before=\d+)"', first)
    assert older
    second = browser.request("GET", older[1].replace("&amp;", "&")).text
    assert (first.count(">Hiver</a>"), second.count(">Hiver</a>"), "Été" in first + second) == (20, 1, False)


def test_programs_see_every_campaign(home: Browser, bench: Bench) -> None:
    with bench.db.transaction() as connection:
        assert len(campaign_list.page(connection, before=None, limit=99)) == len(STATES)
