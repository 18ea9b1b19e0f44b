"""Chromium as tests drive it, and what axe finds in the page it shows.

`axe/axe.min.js` is axe-core 4.14.1 (MPL-2.0, its licence beside it), which no program of this repository loads.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.unit.system.administration import PASSWORD

AXE = Path(__file__).parent / "axe" / "axe.min.js"
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


@contextmanager
def chromium(profile: Path, *, scripts: bool = True) -> Iterator[Chrome]:
    """A browser with an empty profile; without `scripts`, pages run none."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("chromium and chromium-driver are not installed")
    options = ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    chrome = Chrome(options, Service(driver))
    try:
        yield chrome
    finally:
        chrome.quit()


def set_width(browser: Chrome, width: int) -> None:
    """The page as on a screen of that many pixels, a phone's below 500."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def violations(browser: Chrome) -> list[Any]:
    """What axe finds, with every `details` opened."""
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found: Any = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    assert len(found["passes"]) > 10, "axe has read the page"
    return [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found["violations"]]


def is_wider(browser: Chrome, width: int) -> bool:
    """Whether the page has to be scrolled sideways."""
    return int(browser.execute_script("return document.documentElement.scrollWidth")) > width


def until(browser: Chrome, condition: Callable[[Chrome], object], seconds: float = 30) -> None:
    # The list is replaced while one looks at it.
    passing = (NoSuchElementException, StaleElementReferenceException)
    WebDriverWait(browser, seconds, 0.2, passing).until(condition)


def fill(browser: Chrome, **fields: str) -> None:
    for identifier, text in fields.items():
        browser.find_element(By.ID, identifier).send_keys(text)


def press(browser: Chrome, label: str, *kinds: str) -> None:
    """Presses the first button or link that begins so, of those that can be seen."""
    which = " or ".join(f"self::{kind}" for kind in kinds or ("button", "a"))

    def pressed(_: Chrome) -> bool:
        found = browser.find_elements(By.XPATH, f"//*[{which}][starts-with(normalize-space(), '{label}')]")
        seen = next((each for each in found if each.is_displayed()), None)
        if seen is not None:
            seen.click()
        return seen is not None

    until(browser, pressed)


def log_in(browser: Chrome, web_url: str, name: str = "operator") -> None:
    browser.get(f"{web_url}/page/login")
    fill(browser, name=name, password=PASSWORD)
    press(browser, "Se connecter")
    until(browser, lambda b: b.find_element(By.CSS_SELECTOR, "header nav"))
