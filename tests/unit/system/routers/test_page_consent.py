"""A consent recorded on a contact's page: of its own day, and after a refusal only by somebody who says so."""

from datetime import timedelta

import pytest

from system.clock import utc_now
from system.services.consent import opt_out
from tests.unit.system.bench import Bench
from tests.unit.system.routers.page_browser import Browser

pytestmark = pytest.mark.real
PAGE = "/page/contacts/1/consent"


@pytest.fixture
def anne(browser: Browser) -> Browser:
    browser.log_in()
    browser.submit("/page/contacts", phone="0639980001", first_name="Anne")
    return browser


def consent(bench: Bench) -> object:
    return bench.execute("SELECT to_char(opted_in_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day FROM contacts")[0]["day"]


@pytest.mark.parametrize("typed", ["2026-03-03", "03/03/2026", "3 mars 2026"])
def test_a_consent_has_the_day_on_which_it_was_given(anne: Browser, bench: Bench, typed: str) -> None:
    assert anne.submit(PAGE, source="formulaire", given_on=typed).status_code == 303
    assert consent(bench) == "2026-03-03"


def test_without_a_day_it_is_of_today(anne: Browser, bench: Bench) -> None:
    assert anne.submit(PAGE, source="formulaire").status_code == 303
    assert consent(bench) == f"{utc_now():%Y-%m-%d}"


@pytest.mark.parametrize(
    ("typed", "words"),
    [("hier", "Ce n’est pas une date"), ("2026-02-30", "Ce n’est pas une date"), ("2999-01-01", "dans le futur")],
)
def test_a_wrong_day_is_said_and_nothing_is_recorded(anne: Browser, bench: Bench, typed: str, words: str) -> None:
    answer = anne.submit(PAGE, source="formulaire", given_on=typed)
    assert (answer.status_code, words in answer.text, consent(bench)) == (422, True, None)
    assert ('id="given_on-problem"' in answer.text, 'value="formulaire"' in answer.text) == (True, True)


def test_a_refusal_is_undone_by_who_says_that_the_consent_is_newer_and_it_stays_known(
    anne: Browser, bench: Bench
) -> None:
    opt_out(bench.db, "+33639980001", source="message")
    earlier = f"{utc_now() - timedelta(days=3):%Y-%m-%d}"
    for data, words in (
        ({}, "Cochez cette case"),
        ({"again": "yes", "given_on": earlier}, "désinscrite après cette date"),
    ):
        answer = anne.submit(PAGE, source="courriel du jour", **data)
        assert (answer.status_code, words in answer.text) == (422, True), answer.text
    assert bench.execute("SELECT phone FROM suppressions") == [{"phone": "+33639980001"}]
    assert "Désinscription levée" not in anne.request("GET", "/page/contacts/1").text
    # Today's day is later than a refusal of this morning.
    today = f"{utc_now():%Y-%m-%d}"
    assert anne.submit(PAGE, source="courriel du jour", again="yes", given_on=today).status_code == 303
    assert bench.execute("SELECT phone FROM suppressions") == []
    shown = anne.request("GET", "/page/contacts/1").text
    assert ("<dt>Désinscription levée</dt>" in shown, "par «&nbsp;operator&nbsp;»" in shown) == (True, True)
