"""From a CSV file to a completed campaign, as somebody does it in a browser, on the real stack."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from system.db.database import Database
from system.sandbox.stack import RunningStack, running_stack
from tests.unit.system.administration import PASSWORD, TOKEN_SECRET, add_everybody

pytestmark = pytest.mark.real
CONTACTS = 8
FILE = "Téléphone;Nom\n" + "".join(f"06 39 98 00 {n:02};Personne {n}\n" for n in range(CONTACTS)) + "12;Numéro court\n"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--lang=fr",
    "--window-size=1100,1000",
)


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
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("chromium and chromium-driver are not installed")
    options = ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options, Service(driver))
    try:
        yield chrome
    finally:
        chrome.quit()


def until(browser: Chrome, condition: Callable[[Chrome], object], seconds: float = 30) -> None:
    # The list is replaced while one looks at it.
    passing = (NoSuchElementException, StaleElementReferenceException)
    WebDriverWait(browser, seconds, 0.2, passing).until(condition)


def fill(browser: Chrome, **fields: str) -> None:
    for identifier, text in fields.items():
        browser.find_element(By.ID, identifier.replace("_", "-")).send_keys(text)


def press(browser: Chrome, label: str) -> None:
    def pressed(_: Chrome) -> bool:
        browser.find_element(By.XPATH, f"//button[starts-with(normalize-space(), '{label}')]").click()
        return True

    until(browser, pressed)


def status(browser: Chrome) -> str | None:
    return browser.find_element(By.CSS_SELECTOR, "[data-campaign]").get_attribute("data-status")


def picture(browser: Chrome, name: str) -> None:
    """Kept where PAGE_PICTURES says, for whoever wants to look."""
    if directory := os.environ.get("PAGE_PICTURES"):
        browser.save_screenshot(f"{directory}/{name}.png")


def answer_of_everybody(stack: RunningStack) -> None:
    for entry in stack.gateway.ledger():
        data = {"id": f"in-{entry.phone}", "type": "text", "flow": "inbound", "fromNumber": entry.phone, "body": "oui"}
        event = {"event": "message:in:new", "data": data}
        httpx.post(f"{stack.web_url}/webhooks/wassenger", json=event, trust_env=False).raise_for_status()


def test_from_a_file_to_a_completed_campaign(stack: RunningStack, browser: Chrome, tmp_path: Path) -> None:
    file = tmp_path / "salon.csv"
    file.write_text(FILE, encoding="utf-8")
    browser.get(stack.web_url)
    assert browser.current_url.endswith("/page/login")
    fill(browser, name="operator", password=PASSWORD)
    picture(browser, "login")
    press(browser, "Se connecter")

    until(browser, lambda b: b.find_element(By.ID, "file"))
    fill(browser, file=str(file), category="Salon", consent="salon de novembre")
    press(browser, "Importer")
    until(browser, lambda b: b.find_element(By.ID, "created").text == str(CONTACTS))
    assert "ce n’est pas un numéro de téléphone : 12" in browser.page_source
    picture(browser, "import")

    browser.get(stack.web_url)
    fill(browser, campaign_name="Salon de novembre", campaign_category="Salon")
    fill(browser, message="Bonjour, serez-vous au salon ?", follow_up="Merci, à bientôt !")
    press(browser, "Créer le brouillon")
    until(browser, lambda b: status(b) == "draft")
    press(browser, "Lancer")
    until(browser, lambda _: stack.gateway.counts().accepted == CONTACTS)
    # The progress comes by itself: the page is not loaded again from here on.
    until(browser, lambda b: re.search(rf"Messages 1\s+{CONTACTS}\b", b.find_element(By.ID, "live").text))
    picture(browser, "sending")
    answer_of_everybody(stack)
    until(browser, lambda b: status(b) == "completed", 60)
    until(browser, lambda b: f"{2 * CONTACTS} messages sur 1" in b.find_element(By.CSS_SELECTOR, ".gauge").text)
    picture(browser, "completed")
    assert stack.gateway.counts().accepted == 2 * CONTACTS
    # A strict policy that stops something of ours says so in the console.
    logged = browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert [entry for entry in logged if entry["level"] == "SEVERE"] == []


def test_pause_resume_and_cancel_on_a_phone(stack: RunningStack, browser: Chrome) -> None:
    browser.set_window_size(400, 900)
    browser.get(f"{stack.web_url}/page/login")
    fill(browser, name="operator", password=PASSWORD)
    press(browser, "Se connecter")
    until(browser, lambda b: b.find_element(By.ID, "campaign-name"))
    fill(browser, campaign_name="Relance", campaign_category="Salon", message="Bonjour", follow_up="Merci")
    press(browser, "Créer le brouillon")
    for label, after in (
        ("Lancer", "sending"),
        ("Mettre en pause", "paused"),
        ("Reprendre ce qui attend", "sending"),
        ("Annuler", "cancelled"),
    ):
        press(browser, label)
        until(browser, lambda b, after=after: status(b) == after)  # type: ignore[misc]
    picture(browser, "phone")
    width = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], "the page is wider than the phone"
    press(browser, "Se déconnecter")
    until(browser, lambda b: b.current_url.endswith("/page/login"))
