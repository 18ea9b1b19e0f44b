"""One contact, added by hand: taken, refused and completed as a line of a file is."""

import pytest

from system.services.consent import opt_out
from tests.unit.system.bench import Bench
from tests.unit.system.routers.page_browser import Browser

pytestmark = pytest.mark.real
STORED = """SELECT c.phone, c.name, c.first_name, c.opted_in_at IS NOT NULL AS consents, c.opt_in_source,
    ARRAY(SELECT k.name FROM contact_categories JOIN categories AS k ON k.id = category_id
          WHERE contact_id = c.id ORDER BY k.name) AS categories FROM contacts AS c ORDER BY c.id"""
WHOLE = {"phone": "06 39 98 00 01", "first_name": "Anne", "categories": "Salon, Lyon;Salon", "opt_in_source": "salon"}


@pytest.mark.parametrize("phone", ["06 39 98 00 01", "+33 (0)6.39.98.00.01", "0033639980001"])
def test_a_contact_is_stored_as_an_import_stores_it(browser: Browser, bench: Bench, phone: str) -> None:
    browser.log_in()
    answer = browser.submit("/page/contacts", **WHOLE | {"phone": phone, "name": "Durand"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/page/contacts/1?done=contact-added")
    by_hand = bench.execute(STORED)
    assert by_hand == [
        {
            "phone": "+33639980001",
            "name": "Anne Durand",
            "first_name": "Anne",
            "consents": True,
            "opt_in_source": "salon",
            "categories": ["Lyon", "Salon"],
        }
    ]
    line = f"phone;first name;name;categories\n{phone};Anne;Durand;Salon, Lyon\n".encode()
    bench.execute("TRUNCATE contacts RESTART IDENTITY CASCADE")
    browser.submit("/page/imports", file=line, consent="salon")
    assert bench.execute(STORED) == by_hand
    assert bench.execute("SELECT actor, detail FROM action_log WHERE action = 'contact added'") == [
        {"actor": "operator", "detail": {"contact_id": 1, "new": True}}
    ]


def test_without_a_consent_nothing_will_be_sent_and_that_is_said(browser: Browser, bench: Bench) -> None:
    browser.log_in()
    page = browser.submit("/page/contacts", phone="0639980001").headers["Location"]
    shown = browser.request("GET", page).text
    assert ("Le contact est ajouté." in shown, "aucun message ne part" in shown) == (True, True)
    assert bench.execute("SELECT opted_in_at FROM contacts") == [{"opted_in_at": None}]


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({"phone": ""}, "phone", "Aucun numéro de téléphone."),
        ({"phone": "12"}, "phone", "Ce n’est pas un numéro de téléphone\u00a0: 12."),
        ({"first_name": "x" * 201}, "first_name", "Trop long\u00a0: xxx"),
        ({"first_name": "", "name": "x" * 201}, "name", "Trop long\u00a0: xxx"),
        ({"categories": "Salon, " + "x" * 61}, "categories", "Trop long\u00a0: xxx"),
        ({"opt_in_source": "a\x01b"}, "opt_in_source", "Un caractère qui ne peut pas être enregistré"),
    ],
)
def test_what_an_import_refuses_is_refused_under_its_field_and_kept(
    browser: Browser, bench: Bench, data: dict[str, str], field: str, words: str
) -> None:
    browser.log_in()
    answer = browser.submit("/page/contacts", **WHOLE | data)
    assert (answer.status_code, words in answer.text) == (422, True), answer.text
    assert f'id="{field}-problem"' in answer.text
    assert 'value="salon"' in answer.text or field == "opt_in_source"
    assert bench.execute("SELECT id FROM contacts") == []


def test_a_known_number_is_completed_and_not_doubled(browser: Browser, bench: Bench) -> None:
    browser.log_in()
    browser.submit("/page/imports", file=b"phone;first name\n0639980001;Anne\n", category="Foire", consent="foire")
    page = browser.submit("/page/contacts", phone="+33639980001", categories="Salon", opt_in_source="salon").headers
    assert page["Location"] == "/page/contacts/1?done=contact-known"
    assert "Ce numéro était déjà connu" in browser.request("GET", page["Location"]).text
    (row,) = bench.execute(STORED)
    assert (row["name"], row["opt_in_source"], row["categories"]) == ("Anne", "foire", ["Foire", "Salon"])


def test_a_number_of_two_forms_is_one_person(browser: Browser, bench: Bench) -> None:
    browser.log_in()
    browser.submit("/page/contacts", phone="+55 11 98765-4321")
    answer = browser.submit("/page/contacts", phone="+55 11 8765-4321", first_name="Ana")
    assert answer.headers["Location"] == "/page/contacts/1?done=contact-known"
    assert bench.execute("SELECT name FROM contacts") == [{"name": "Ana"}]


@pytest.mark.parametrize("known", [False, True])
def test_who_opted_out_stays_so_and_it_is_said(browser: Browser, bench: Bench, known: bool) -> None:
    browser.log_in()
    if known:
        browser.submit("/page/contacts", phone="0639980001")
    opt_out(bench.db, "+33639980001", source="operator")
    page = browser.submit("/page/contacts", phone="0639980001", opt_in_source="salon 2027").headers["Location"]
    assert page == f"/page/contacts/1?done=contact-{'known' if known else 'added'}-opted-out"
    shown = browser.request("GET", page).text
    assert ("elle ne recevra rien" in shown, "<dt>Désinscription</dt>" in shown) == (True, True)
    assert bench.execute("SELECT phone FROM suppressions") == [{"phone": "+33639980001"}]


def test_who_was_erased_is_recognised_and_receives_nothing(browser: Browser, bench: Bench) -> None:
    browser.log_in("admin")
    browser.submit("/page/contacts", **WHOLE)
    browser.submit("/page/people/erase", phone="0639980001", again="0639980001")
    page = browser.submit("/page/contacts", **WHOLE).headers["Location"]
    assert page.endswith("?done=contact-added-opted-out")
    browser.submit("/page/people/erase", phone="0639980001", again="0639980001")
    named = "SELECT 1 FROM contacts WHERE phone LIKE '%%639980001%%' OR name LIKE '%%Anne%%'"
    assert bench.execute(named) == bench.execute("SELECT 1 FROM contact_categories") == []


def test_a_form_without_this_login_s_token_adds_nobody(browser: Browser, bench: Bench) -> None:
    browser.log_in()
    assert browser.submit("/page/contacts", token="x", **WHOLE).status_code == 403
    assert bench.execute("SELECT id FROM contacts") == []
