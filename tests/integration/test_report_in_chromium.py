"""The page of a report in Chromium: axe finds nothing at 1280 and 390 pixels, filters need no script, print shows everything."""

import base64
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from typer.testing import CliRunner

from audit.command.cli import app
from audit.journal import journal_file as journal
from audit.report.html_page import render_html
from tests.integration.chromium import chromium, is_wider, set_width, violations

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as chrome:
        yield chrome


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Family 8 of the reference, with its drawing, and the project of December as a stranger's: twelve problems."""
    folder = tmp_path_factory.mktemp("pages")
    ignored = shutil.ignore_patterns("audit.toml", "__pycache__")
    stranger = shutil.copytree(ROOT / "tests" / "targets" / "decembre-2025", folder / "shop", ignore=ignored)
    CliRunner().invoke(app, ["run", str(stranger), "--level", "source", "--out", str(folder), "--quiet"])
    reference = max((ROOT / "reports").glob("*-famille-8-strict*.json"))
    (found,) = folder.glob("*.json")
    for name, path in (("reference", reference), ("stranger", found)):
        (folder / f"{name}.html").write_text(render_html(journal.read(path)), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in ("reference", "stranger")}


def shown(browser: Chrome, page: Path, *, width: int = 1280, scheme: str = "light", media: str = "screen") -> None:
    browser.get(page.as_uri())
    set_width(browser, width)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["reference", "stranger"])
def test_axe_finds_nothing(name: str, width: int, scheme: str, browser: Chrome, pages: dict[str, Path]) -> None:
    shown(browser, pages[name], width=width, scheme=scheme)
    assert violations(browser) == []
    assert not is_wider(browser, width)


def test_axe_would_find_a_fault(browser: Chrome, pages: dict[str, Path], tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.html"
    page = pages["stranger"].read_text(encoding="utf-8")
    faulty.write_text(page.replace('<html lang="fr">', "<html>").replace("--ink: #1b2430", "--ink: #e0e0e0"), "utf-8")
    shown(browser, faulty)
    assert {"html-has-lang", "color-contrast"} <= {identifier for identifier, _ in violations(browser)}


def requirements(browser: Chrome) -> list[str]:
    """Those whose section is shown, once sections are unfolded."""
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    return [h.text.split()[1] for h in browser.find_elements(By.TAG_NAME, "h3") if h.text.startswith("Exigence ")]


def test_a_filter_hides_the_rest_without_a_script_and_says_so(browser: Chrome, pages: dict[str, Path]) -> None:
    shown(browser, pages["stranger"])
    assert "<script" not in browser.page_source
    every = requirements(browser)
    assert len(every) == 12
    assert not browser.find_element(By.CLASS_NAME, "filtered").is_displayed()
    browser.find_element(By.XPATH, "//label[normalize-space()='NON CONFORME']/input").click()
    assert requirements(browser) == ["C4", "C5", "C6", "C7"]
    assert browser.find_element(By.CLASS_NAME, "filtered").is_displayed()
    browser.find_element(By.XPATH, "//label[normalize-space()='critique']/input").click()
    titles = [h.text for h in browser.find_elements(By.TAG_NAME, "h4") if h.is_displayed()]
    assert [t.split(" : ")[0] for t in titles] == ["Problème 1", "Problème 2"]
    shown(browser, pages["stranger"], media="print")
    assert requirements(browser) == every


def test_print_shows_everything_on_a4(browser: Chrome, pages: dict[str, Path]) -> None:
    shown(browser, pages["stranger"])
    browser.find_element(By.XPATH, "//label[normalize-space()='C4']/input").click()
    # As a person prints: a filter is on, and sections are folded.
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    printed: Any = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    data = base64.b64decode(printed["data"])
    boxes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox\s*\[([\d. ]+)\]", data)}
    assert boxes
    assert all(abs(box[2] - 595) < 2 and abs(box[3] - 842) < 2 for box in boxes)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    displayed = browser.execute_script(
        "return [...document.querySelectorAll('[data-requirement]')].every(e => getComputedStyle(e).display != 'none')"
    )
    assert displayed
    assert not browser.find_element(By.CLASS_NAME, "filters").is_displayed()
