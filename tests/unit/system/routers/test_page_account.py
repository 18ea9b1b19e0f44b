"""Everybody changes their own password, and nobody else's."""

import pytest

from tests.unit.system.administration import PASSWORD
from tests.unit.system.bench import Bench
from tests.unit.system.routers.page_browser import Browser

pytestmark = pytest.mark.real
NEW = "une phrase de passe"
GOOD = {"password": PASSWORD, "new_password": NEW, "again": NEW}


def test_a_reader_changes_their_own_password_and_logs_in_again(browser: Browser, bench: Bench) -> None:
    elsewhere = Browser(browser.app)
    elsewhere.log_in("reader")
    browser.log_in("reader")
    assert '<a href="/page/account">reader (lecture)</a>' in browser.request("GET", "/").text
    answer = browser.submit("/page/account", **GOOD)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/page/login?changed=1")
    assert "Le mot de passe est changé" in browser.request("GET", answer.headers["Location"]).text
    # Every login of the account has ended.
    assert {each.request("GET", "/").status_code for each in (browser, elsewhere)} == {303}
    assert (browser.log_in("reader").status_code, browser.log_in("reader", NEW).status_code) == (401, 303)
    assert bench.execute("SELECT actor, detail FROM action_log WHERE action = 'password changed'") == [
        {"actor": "reader", "detail": {"user": "reader"}}
    ]


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({"password": "not this one"}, "password", "pas votre mot de passe actuel"),
        ({"new_password": "court", "again": "court"}, "new_password", "de 12 à 128 caractères"),
        ({"again": "une autre phrase"}, "again", "diffèrent"),
    ],
)
def test_a_mistake_changes_nothing_and_shows_no_password(
    browser: Browser, data: dict[str, str], field: str, words: str
) -> None:
    browser.log_in()
    answer = browser.submit("/page/account", **GOOD | data)
    assert (answer.status_code, words in answer.text) == (422, True), answer.text
    assert (f'id="{field}-problem"' in answer.text, NEW in answer.text, PASSWORD in answer.text) == (True, False, False)
    assert browser.submit("/page/account", token="x", **GOOD).status_code == 403
    assert browser.log_in().status_code == 303


def test_whoever_finds_an_open_page_does_not_guess_for_long(browser: Browser, bench: Bench) -> None:
    browser.log_in()
    bench.execute("DELETE FROM known_addresses")
    token = browser.token()
    answers = [browser.submit("/page/account", token=token, **GOOD | {"password": "x"}) for _ in range(11)]
    assert (answers[0].status_code, answers[-1].status_code) == (422, 429)
    assert "Trop de tentatives" in answers[-1].text
