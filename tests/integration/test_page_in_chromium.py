"""From a CSV file to Message 2, as somebody does it in a browser, on the real stack."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from system.db.database import Database
from system.sandbox.stack import RunningStack, running_stack
from tests.integration.chromium import chromium, fill, log_in, press, until
from tests.unit.system.administration import TOKEN_SECRET, add_everybody

pytestmark = pytest.mark.real
CONTACTS = 8
PEOPLE = "".join(f"06 39 98 00 {n:02};Prénom{n};Nom\n" for n in range(CONTACTS))
FILE = f"Téléphone;Prénom;Nom\n{PEOPLE}12;Numéro;court\n"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    env = {"ADMIN_TOKEN_SECRET": TOKEN_SECRET}
    with running_stack(data_dir=tmp_path_factory.mktemp("stack"), extra_env=env) as running:
        db = Database(running.database_url)
        add_everybody(db)
        db.close()
        yield running


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    with chromium(tmp_path / "profile") as chrome:
        yield chrome


def status(browser: Chrome) -> str | None:
    return browser.find_element(By.CSS_SELECTOR, "[data-campaign]").get_attribute("data-status")


def picture(browser: Chrome, name: str) -> None:
    """Kept where PAGE_PICTURES says, for whoever wants to look."""
    if directory := os.environ.get("PAGE_PICTURES"):
        browser.save_screenshot(f"{directory}/{name}.png")


def shown_number(browser: Chrome, label: str) -> str:
    """The number under this label, in the campaign's state."""
    return browser.find_element(By.XPATH, f"//*[@id='campaign-live']//dt[.='{label}']/following-sibling::dd").text


def test_from_a_file_to_message_2_by_clicks_and_one_reply(stack: RunningStack, browser: Chrome, tmp_path: Path) -> None:
    file = tmp_path / "salon.csv"
    file.write_text(FILE, encoding="utf-8")
    browser.get(stack.web_url)
    assert browser.current_url.endswith("/page/login")
    picture(browser, "login")
    log_in(browser, stack.web_url)

    press(browser, "Importer")
    until(browser, lambda b: b.find_element(By.ID, "file"))
    fill(browser, file=str(file), category="Salon", consent="salon de novembre")
    press(browser, "Importer", "button")
    until(browser, lambda b: b.find_element(By.ID, "created").text == str(CONTACTS))
    assert "ce n’est pas un numéro de téléphone&nbsp;: 12" in browser.page_source
    picture(browser, "import")

    press(browser, "Campagnes")
    press(browser, "Nouvelle campagne")
    fill(browser, name="Salon de novembre", category="Salon")
    fill(browser, message="Bonjour {{ville}}, serez-vous au salon ?", follow_up="Merci {{prénom|}}, à bientôt !")
    press(browser, "Créer le brouillon")
    until(browser, lambda b: "La variable {{ville}} n’existe pas" in b.find_element(By.CLASS_NAME, "problem").text)
    # What was typed is still there.
    assert browser.find_element(By.ID, "category").get_attribute("value") == "Salon"
    browser.find_element(By.ID, "message").clear()
    fill(browser, message="Bonjour {{prénom|cher client}}, serez-vous au salon ?")
    press(browser, "Créer le brouillon")
    until(browser, lambda b: status(b) == "draft")
    assert browser.find_element(By.ID, "recipients").text == str(CONTACTS)
    assert browser.find_element(By.ID, "preview-1").text == "Bonjour Prénom0, serez-vous au salon ?"
    picture(browser, "draft")

    press(browser, "Lancer")
    until(browser, lambda b: "/confirm/start" in b.current_url)
    assert stack.gateway.counts().accepted == 0
    press(browser, f"Lancer pour {CONTACTS} personnes")
    until(browser, lambda _: stack.gateway.counts().accepted == CONTACTS)
    # The progress comes by itself: the page is not loaded again from here on.
    until(browser, lambda b: shown_number(b, "Messages 1") == str(CONTACTS))
    picture(browser, "sending")
    press(browser, "Simuler une réponse")
    press(browser, "Répondre")
    until(browser, lambda b: shown_number(b, "Messages 2") == "1", 60)
    assert "Oui, merci" in browser.page_source
    picture(browser, "answered")
    sent = [entry.message or "" for entry in stack.gateway.ledger()]
    assert sent[-1] == "Merci Prénom0, à bientôt !"
    assert sorted(sent[:-1]) == [f"Bonjour Prénom{n}, serez-vous au salon ?" for n in range(CONTACTS)]
    # A strict policy that stops something of ours says so in the console; a refused form (422) is meant.
    logged = browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert [entry for entry in logged if entry["level"] == "SEVERE" and "422" not in entry["message"]] == []


def test_pause_resume_and_cancel_on_a_phone(stack: RunningStack, browser: Chrome) -> None:
    phones = [f"+3363998{number:04}" for number in range(20)]
    stack.launch_campaign("Relance", "Bonjour", phones)
    browser.set_window_size(400, 900)
    log_in(browser, stack.web_url)
    for label, after in (
        ("Mettre en pause", "paused"),
        ("Reprendre ce qui attend", "sending"),
        ("Annuler", "cancelled"),
    ):
        browser.get(stack.web_url)
        press(browser, label)
        if after == "cancelled":
            press(browser, "Annuler la campagne")
        until(browser, lambda b, after=after: status(b) == after)  # type: ignore[misc]
    picture(browser, "phone")
    contacts = ("/page/contacts", "/page/contacts/new", "/page/contacts/1")
    for path in ("/", *contacts, "/page/account", "/page/campaigns/new", "/page/imports", "/page/campaigns/1/results"):
        browser.get(f"{stack.web_url}{path}")
        picture(browser, f"phone{path.replace('/', '-')}")
        width = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert width[0] <= width[1], f"{path} is wider than the phone"
    browser.get(stack.web_url)
    picture(browser, "phone-home")
    # A tenth of a phone's screen, until it is asked for.
    assert int(browser.execute_script("return document.querySelector('header').offsetHeight")) < 140
    press(browser, "Menu", "summary")
    picture(browser, "phone-menu")
    press(browser, "Contacts")
    until(browser, lambda b: b.current_url.endswith("/page/contacts"))
    press(browser, "Menu", "summary")
    press(browser, "Se déconnecter")
    until(browser, lambda b: b.current_url.endswith("/page/login"))


def test_a_large_import_grows_before_one_s_eyes(stack: RunningStack, browser: Chrome, tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    lines = "".join(f"06398{n:05};{'x' * 100}\n" for n in range(20_000))
    file.write_text(f"Téléphone;Note\n{lines}12;x\n", encoding="utf-8")
    log_in(browser, stack.web_url)
    browser.get(f"{stack.web_url}/page/imports")
    fill(browser, file=str(file), category="Foule")
    press(browser, "Importer", "button")
    until(browser, lambda b: "En cours" in b.find_element(By.CSS_SELECTOR, "#import .reason").text)
    picture(browser, "importing")
    # The page is not loaded again.
    until(browser, lambda b: b.find_element(By.ID, "created").text == "20\u202f000", 120)
    until(browser, lambda b: not b.find_elements(By.CSS_SELECTOR, "#import[hx-get]"))
    assert "ce n’est pas un numéro de téléphone" in browser.find_element(By.ID, "import").text
    assert browser.find_element(By.ID, "without-consent").text == "20\u202f000"


def test_the_poll_takes_no_click_and_keeps_what_is_typed_and_marked(stack: RunningStack, browser: Chrome) -> None:
    campaign_id = stack.launch_campaign("Mesure", "Bonjour", ["+33639980099"])
    log_in(browser, stack.web_url)
    browser.get(f"{stack.web_url}/page/campaigns/{campaign_id}")
    until(browser, lambda b: shown_number(b, "Messages 1") == "1")
    button = browser.find_element(By.ID, f"pause-{campaign_id}")
    browser.execute_script("arguments[0].focus(); window.polls = 0", button)
    browser.execute_script("document.body.addEventListener('htmx:afterSettle', () => { window.polls += 1 })")
    until(browser, lambda b: b.execute_script("return window.polls") >= 3)
    # The same element all the while, and the keyboard is still there.
    assert browser.execute_script("return document.activeElement === arguments[0]", button)
    button.click()
    until(browser, lambda b: status(b) == "paused")


def test_who_writes_for_long_stays_logged_in_and_nothing_typed_leaves(stack: RunningStack, browser: Chrome) -> None:
    log_in(browser, stack.web_url)
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        browser.get(f"{stack.web_url}/page/campaigns/new")
        connection.execute("UPDATE access_tokens SET expires_at = now() + interval '2 minutes'")
        browser.execute_script(
            "window.asked = []; document.body.addEventListener('htmx:beforeRequest', event => {"
            " const asked = event.detail.requestConfig; window.asked.push([asked.path, ...asked.formData.keys()]) })"
        )
        fill(browser, message="Bonjour")
        until(browser, lambda b: b.execute_script("return window.asked"))
        assert browser.execute_script("return window.asked") == [["/page/alive"]]
        lasts = "SELECT bool_or(expires_at > now() + interval '20 minutes') FROM access_tokens"
        until(browser, lambda _: connection.execute(lasts).fetchone() == (True,))
    assert browser.find_element(By.ID, "message").get_attribute("value") == "Bonjour"


def test_one_contact_by_hand(stack: RunningStack, browser: Chrome) -> None:
    log_in(browser, stack.web_url)
    press(browser, "Contacts")
    press(browser, "Ajouter un contact")
    fill(browser, phone="06 39 98", first_name="Ana", categories="Foire, Lyon")
    press(browser, "Ajouter le contact")
    until(browser, lambda b: b.find_element(By.ID, "phone-problem"))
    picture(browser, "contact-refused")
    fill(browser, phone=" 00 91", opt_in_source="bon de commande")
    press(browser, "Ajouter le contact")
    until(browser, lambda b: b.find_element(By.CLASS_NAME, "done").text == "Le contact est ajouté.")
    press(browser, "Retirer")
    until(browser, lambda b: b.find_element(By.CLASS_NAME, "done").text == "Le contact est enregistré.")
    picture(browser, "contact")
    press(browser, "Lyon", "a")
    until(browser, lambda b: b.find_element(By.ID, "people").text == "1 contact")
    picture(browser, "contacts")
