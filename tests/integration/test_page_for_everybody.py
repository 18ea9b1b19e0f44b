"""The pages by axe on a screen and a phone, by the keyboard alone, without JavaScript, and over long work."""

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from system.config import get_settings
from system.db.database import Database
from system.domain.content import Template
from system.gateway import simulated
from system.main import create_app
from system.sandbox.processes import wait_until
from system.sandbox.stack import RunningStack, running_stack
from system.services.campaigns import create_campaign
from system.services.consent import opt_out
from system.services.importing import Source, import_contacts
from tests.integration.chromium import chromium, fill, is_wider, log_in, press, set_width, until, violations
from tests.unit.system.administration import PASSWORD, TOKEN_SECRET, add_everybody
from tests.unit.system.routers.client import every_route

pytestmark = pytest.mark.real
FILE = """Téléphone;Fixe;Prénom;Nom;Ville;Consentement
0639980001;0478000001;Anne;Durand;Lyon;2026-01-01
0639980002;;Béa;Petit;Lyon;
12;;Numéro;court;Lyon;2026-01-01
0639980003;;Chloé;Petit;Lyon;2026-01-01
"""
DRAFT, SENT = 1, 2
# What is shown inside a page, or downloaded.
NO_PAGES = ("/live", ".csv", "/page/alive", "/static/")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    env = {"ADMIN_TOKEN_SECRET": TOKEN_SECRET}
    with running_stack(data_dir=tmp_path_factory.mktemp("stack"), extra_env=env) as running:
        database = Database(running.database_url)
        add_everybody(database)
        import_contacts(database, io.BytesIO(FILE.encode()), Source("contacts.csv", "admin", category="Salon"))
        opt_out(database, "+33639980003", source="operator", actor="admin")
        template = Template.parse("rentree", "fr", ["{{prénom|cher client}}"])
        create_campaign(database, "Salon", "Bonjour {{prénom}}", (), categories=["Salon"], content=template)
        launched = running.launch_campaign("Rentrée", "Bonjour", ["+33639980001", "+33639980002"])
        assert launched == SENT
        wait_until(lambda: running.gateway.counts().accepted == 2, seconds=60, what="two messages")
        database.close()
        answer = simulated.reply("+33639980001", "Oui & non")
        headers = {"Content-Type": "application/json"}
        httpx.post(
            f"{running.web_url}/webhooks/wassenger", content=answer, headers=headers, timeout=30, trust_env=False
        )
        wait_until(lambda: running.gateway.counts().accepted == 3, seconds=60, what="Message 2")
        yield running


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as chrome:
        yield chrome


@pytest.fixture
def addresses(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every page that an administrator may open: of each route, what is there."""
    for name, value in stack.env.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    routes = [path for method, path in every_route(create_app().routes) if method == "GET"]
    get_settings.cache_clear()
    pages = [path for path in routes if path == "/" or path.startswith("/page")]
    found = set()
    for path in pages:
        for campaign in (DRAFT, SENT):
            for deed in ("start", "cancel", "delete"):
                named = path.replace("{campaign_id}", str(campaign)).replace("{deed}", deed)
                found.add(named.replace("{contact_id}", "1").replace("{import_id}", "1").replace("{name}", "reader"))
    of_a_draft = {f"/page/campaigns/{SENT}/{rest}" for rest in ("edit", "confirm/start", "confirm/delete")}
    return sorted(path for path in found - of_a_draft if not any(word in path for word in NO_PAGES))


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_any_page(width: int, browser: Chrome, stack: RunningStack, addresses: list[str]) -> None:
    set_width(browser, width)
    browser.delete_all_cookies()
    browser.get(f"{stack.web_url}/page/login")
    assert violations(browser) == []
    log_in(browser, stack.web_url, "admin")
    assert len(addresses) > 15
    for path in (*addresses, "/page/campaigns/99"):
        browser.get(f"{stack.web_url}{path}")
        assert browser.find_elements(By.TAG_NAME, "h1"), path
        assert (path, violations(browser), is_wider(browser, width)) == (path, [], False)
    # A form with problems.
    browser.get(f"{stack.web_url}/page/campaigns/new")
    browser.execute_script("document.querySelector('main form').noValidate = true")
    fill(browser, name="Sans texte")
    press(browser, "Créer le brouillon")
    until(browser, lambda b: b.find_element(By.ID, "message-problem"))
    assert (violations(browser), is_wider(browser, width)) == ([], False)


def test_axe_would_find_a_fault(browser: Chrome, stack: RunningStack) -> None:
    browser.delete_all_cookies()
    browser.get(f"{stack.web_url}/page/login")
    browser.execute_script(
        "document.documentElement.removeAttribute('lang'); document.querySelector('label[for=name]').remove()"
    )
    assert {"html-has-lang", "label"} <= {identifier for identifier, _ in violations(browser)}


def keys(browser: Chrome, *typed: str) -> None:
    browser.switch_to.active_element.send_keys(*typed)


def tab_to(browser: Chrome, identifier: str) -> None:
    """By the Tab key alone."""
    for _ in range(80):
        if browser.switch_to.active_element.get_attribute("id") == identifier:
            return
        keys(browser, Keys.TAB)
    raise AssertionError(f"Tab never reaches {identifier}")


def test_a_campaign_by_the_keyboard_alone(browser: Chrome, stack: RunningStack) -> None:
    set_width(browser, 1280)
    browser.delete_all_cookies()
    browser.get(f"{stack.web_url}/page/login")
    tab_to(browser, "name")
    keys(browser, "operator", Keys.TAB)
    keys(browser, PASSWORD, Keys.ENTER)
    until(browser, lambda b: b.find_element(By.LINK_TEXT, "Contacts"))
    # The first stop of a page jumps over its menu.
    keys(browser, Keys.TAB)
    assert browser.switch_to.active_element.text == "Aller au contenu"
    keys(browser, Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "content"
    browser.get(f"{stack.web_url}/page/campaigns/new")
    tab_to(browser, "name")
    keys(browser, "Clavier")
    tab_to(browser, "category")
    keys(browser, "Salon")
    tab_to(browser, "message")
    keys(browser, "Bonjour")
    tab_to(browser, "follow_up")
    keys(browser, "Merci")
    tab_to(browser, "closes")
    keys(browser, Keys.ENTER)
    until(browser, lambda b: b.find_element(By.CSS_SELECTOR, "[data-campaign]"))
    made = browser.find_element(By.CSS_SELECTOR, "[data-campaign]").get_attribute("data-campaign")
    tab_to(browser, f"start-{made}")
    # Where one is can be seen.
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert browser.execute_script(outline) != "none"
    keys(browser, Keys.ENTER)
    until(browser, lambda b: b.find_element(By.ID, "confirm"))
    tab_to(browser, "confirm")
    keys(browser, Keys.ENTER)
    until(browser, lambda b: b.find_element(By.CSS_SELECTOR, "[data-status=sending]"))


def test_a_phone_s_menu_by_the_keyboard(browser: Chrome, stack: RunningStack) -> None:
    set_width(browser, 390)
    browser.delete_all_cookies()
    log_in(browser, stack.web_url)
    menu = browser.find_element(By.CSS_SELECTOR, ".menu summary")
    while browser.switch_to.active_element != menu:
        keys(browser, Keys.TAB)
    links = browser.find_elements(By.CSS_SELECTOR, ".menu nav a")
    assert [link.is_displayed() for link in links] == [False] * 3
    keys(browser, Keys.ENTER)
    assert [link.is_displayed() for link in links] == [True] * 3
    keys(browser, Keys.TAB, Keys.TAB)
    keys(browser, Keys.ENTER)
    until(browser, lambda b: b.current_url.endswith("/page/contacts"))
    # On a screen it is all there.
    set_width(browser, 1280)
    assert not browser.find_element(By.CSS_SELECTOR, ".menu").is_displayed()
    assert browser.find_element(By.LINK_TEXT, "Importer").is_displayed()


@pytest.mark.parametrize(
    ("text", "file", "said"),
    [
        ("", "", "0 caractère sur 4\u202f096."),
        (" é\n\N{GRINNING FACE} ", "", "3 caractères sur 4\u202f096."),
        ("x" * 4097, "", "1 caractère de trop, sur 4\u202f096 caractères au plus."),
        ("x" * 1026, "https://example.org/a.png", "2 caractères de trop, sur 1\u202f024 caractères au plus."),
        ("Bonjour {{nom}}", "", "15 caractères sur 4\u202f096, variables non remplies."),
    ],
)
def test_characters_are_counted_as_the_server_does(
    browser: Chrome, stack: RunningStack, text: str, file: str, said: str
) -> None:
    set_width(browser, 1280)
    browser.delete_all_cookies()
    log_in(browser, stack.web_url)
    browser.get(f"{stack.web_url}/page/campaigns/new")
    typed = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))"
    for name, value in (("message", text), ("media_url", file)):
        browser.execute_script(typed, browser.find_element(By.ID, name), value)
    count = browser.find_element(By.ID, "message-count")
    until(browser, lambda _: count.text == said, 5)
    assert violations(browser) == []
    # A file changes nothing for the Message 2.
    assert browser.find_element(By.ID, "follow_up-count").text == "0 caractère sur 4\u202f096."


def test_everything_works_without_javascript(stack: RunningStack, tmp_path: Path) -> None:
    with chromium(tmp_path / "profile", scripts=False) as browser:
        log_in(browser, stack.web_url)
        browser.get("data:text/html,<title>off</title><script>document.title='on'</script>")
        assert browser.title == "off"
        browser.get(f"{stack.web_url}/page/campaigns/new")
        fill(browser, name="Sans script", message="Bonjour", follow_up="Merci")
        Select(browser.find_element(By.ID, "category")).select_by_value("Salon")
        press(browser, "Créer le brouillon")
        press(browser, "Lancer")
        press(browser, "Lancer pour")
        until(browser, lambda b: b.find_element(By.CSS_SELECTOR, "[data-status=sending]"))
        press(browser, "Annuler")
        press(browser, "Annuler la campagne")
        until(browser, lambda b: b.find_element(By.CSS_SELECTOR, "[data-status=cancelled]"))
        press(browser, "Se déconnecter")
        until(browser, lambda b: b.current_url.endswith("/page/login"))


@pytest.mark.parametrize("path", ["/", f"/page/campaigns/{SENT}"])
def test_a_page_that_reaches_nobody_says_so_until_it_does_again(
    stack: RunningStack, browser: Chrome, path: str
) -> None:
    browser.delete_all_cookies()
    log_in(browser, stack.web_url)
    browser.get(f"{stack.web_url}{path}")
    said = browser.find_element(By.ID, "no-news")
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", offline | {"offline": True})
    try:
        last = browser.find_element(By.TAG_NAME, "time").text
        until(browser, lambda _: said.is_displayed())
        assert said.text.startswith(f"Pas de nouvelles depuis {last}")
        assert violations(browser) == []
    finally:
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", offline | {"offline": False})
    until(browser, lambda _: not said.is_displayed())


# A minute of the page's timers lasts a second.
FASTER = """for (const name of ['setTimeout', 'setInterval']) {
    const slow = window[name]; window[name] = (work, delay, ...rest) => slow(work, (delay || 0) / 60, ...rest) }
    addEventListener('DOMContentLoaded', () => {
        window.polls = 0; document.body.addEventListener('htmx:afterSettle', () => { window.polls += 1 }) })"""


def later(stack: RunningStack, minutes: int) -> None:
    """So much later for every login."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE access_tokens SET issued_at = issued_at - make_interval(mins => %(m)s),"
            " expires_at = expires_at - make_interval(mins => %(m)s)",
            {"m": minutes},
        )


def prolonged(stack: RunningStack, field: WebElement) -> bool:
    """Whether the login lasts, as somebody goes on typing: once a minute of the page's clock is enough."""
    field.send_keys("x", Keys.BACKSPACE)
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        query = "SELECT bool_or(expires_at > now() + interval '20 minutes') FROM access_tokens WHERE revoked_at IS NULL"
        return connection.execute(query).fetchone() == (True,)


@pytest.mark.parametrize("at_work", [True, False])
def test_what_is_typed_survives_two_minutes_of_polls_and_half_an_hour(
    stack: RunningStack, tmp_path: Path, at_work: bool
) -> None:
    with chromium(tmp_path / "profile") as browser:
        log_in(browser, stack.web_url)
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": FASTER})
        browser.get(f"{stack.web_url}/page/campaigns/{DRAFT}")
        field = browser.find_element(By.ID, "phone")
        field.send_keys("+33 6 39")
        # One every two seconds of the page's clock.
        until(browser, lambda b: b.execute_script("return window.polls") >= 60)
        assert (field.get_attribute("value"), browser.switch_to.active_element) == ("+33 6 39", field)
        for typed in (" 98", " 00", " 07"):
            later(stack, 12)
            if at_work:
                field.send_keys(typed)
                until(browser, lambda _: prolonged(stack, field))
        if not at_work:
            # Who left is asked again.
            until(browser, lambda b: f"/page/login?ended=1&next=%2Fpage%2Fcampaigns%2F{DRAFT}" in b.current_url)
            return
        assert field.get_attribute("value") == "+33 6 39 98 00 07"
        press(browser, "Envoyer l’essai")
        until(browser, lambda b: "Le message d’essai part" in b.find_element(By.CLASS_NAME, "done").text)
