"""The categories of a contact: seen, added, removed, and contacts found by them."""

import re

import pytest

from tests.unit.system.bench import Bench
from tests.unit.system.routers.page_browser import Browser

pytestmark = pytest.mark.real
KEPT = (
    "SELECT k.name FROM contact_categories JOIN categories AS k ON k.id = category_id WHERE contact_id = 1 ORDER BY 1"
)
FILE = "phone;prénom;categories\n0639980001;Anne;Salon\n0639980002;Béa;Lyon, sud|Salon\n0639980003;Chloé 11;\n".encode()


@pytest.fixture
def salon(browser: Browser) -> Browser:
    browser.log_in()
    browser.submit("/page/imports", file=FILE, consent="salon")
    return browser


def names(bench: Bench) -> list[object]:
    return [row["name"] for row in bench.execute(KEPT)]


def listed(browser: Browser, query: str) -> list[str]:
    return re.findall(
        r'<a href="/page/contacts/\d+">([^<]+)</a>', browser.request("GET", f"/page/contacts{query}").text
    )


def test_categories_are_added_and_removed(salon: Browser, bench: Bench) -> None:
    answer = salon.submit("/page/contacts/1/categories", categories=" Lyon ; Salon,Nord")
    assert (answer.status_code, names(bench)) == (303, ["Lyon", "Nord", "Salon"])
    assert salon.submit("/page/contacts/1/categories", removed="Salon").status_code == 303
    # Twice, as from two tabs.
    assert salon.submit("/page/contacts/1/categories", removed="Salon").status_code == 303
    assert names(bench) == ["Lyon", "Nord"]
    shown = salon.request("GET", "/page/contacts/1").text
    assert ('value="Lyon"' in shown, '<a href="/page/contacts?category=Nord">Nord</a>' in shown) == (True, True)
    done = bench.execute(
        "SELECT actor, action, detail FROM action_log WHERE action LIKE 'contact categor%%' ORDER BY id"
    )
    assert [(row["actor"], row["action"], row["detail"]) for row in done] == [
        ("operator", "contact categories added", {"contact_id": 1}),
        ("operator", "contact category removed", {"contact_id": 1}),
    ]


def test_a_category_whose_name_has_a_comma_is_removed_too(salon: Browser, bench: Bench) -> None:
    salon.submit("/page/imports", file=b"phone\n0639980001\n", category="Salon, <Lyon>")
    shown = salon.request("GET", "/page/contacts/1").text
    assert 'value="Salon, &lt;Lyon&gt;"' in shown
    salon.submit("/page/contacts/1/categories", removed="Salon, <Lyon>")
    assert names(bench) == ["Salon"]


@pytest.mark.parametrize(
    ("contact", "data", "code", "words"),
    [
        (1, {"categories": "x" * 61}, 422, "Trop long"),
        (1, {"categories": " , ;"}, 422, "Écrivez le nom d’une catégorie."),
        (99, {"categories": "Nord"}, 404, "n’existe pas"),
        (99, {"removed": "Salon"}, 404, "n’existe pas"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    salon: Browser, bench: Bench, contact: int, data: dict[str, str], code: int, words: str
) -> None:
    answer = salon.submit(f"/page/contacts/{contact}/categories", **data)
    assert (answer.status_code, words in answer.text) == (code, True), answer.text
    assert names(bench) == ["Salon"]
    assert salon.submit("/page/contacts/1/categories", token="x", removed="Salon").status_code == 403
    assert names(bench) == ["Salon"]


def test_contacts_are_found_by_category(salon: Browser, bench: Bench) -> None:
    assert listed(salon, "?category=Salon") == ["Anne", "Béa"]
    assert listed(salon, "?category=Salon&text=bea") == ["Béa"]
    assert listed(salon, "?category=salon") == listed(salon, "?category=Nord") == []
    assert listed(salon, "?category=Salon&which=without-consent") == []
    shown = salon.request("GET", "/page/contacts?category=Salon").text
    assert ('<option value="Salon" selected>' in shown, '<p id="people">2 contacts</p>' in shown) == (True, True)
    # A category that is not proposed is still what was asked for.
    assert '<option value="Nord" selected>' in salon.request("GET", "/page/contacts?category=Nord").text
    bench.execute(
        "INSERT INTO contacts (phone) SELECT '+3363997' || to_char(n, 'FM0000') FROM generate_series(1, 60) AS n"
    )
    bench.execute(
        "INSERT INTO contact_categories (contact_id, category_id)"
        " SELECT c.id, k.id FROM contacts AS c, categories AS k WHERE k.name = 'Salon' ON CONFLICT DO NOTHING"
    )
    first = salon.request("GET", "/page/contacts?category=Salon&text=").text
    (following,) = re.findall(r'<a href="/page/contacts(\?[^"]+after=\d+)">', first)
    assert len(listed(salon, following.replace("&amp;", "&"))) == 13


def test_a_text_with_letters_is_looked_for_in_names_alone(salon: Browser) -> None:
    assert listed(salon, "?text=chloe 11") == ["Chloé 11"]
    assert listed(salon, "?text=anne 998000") == []
    assert listed(salon, "?text=998 000-1") == ["Anne"]


def test_case_does_not_count_in_a_category(salon: Browser, bench: Bench) -> None:
    salon.submit("/page/contacts/1/categories", categories="SALON, nord, Nord")
    salon.submit("/page/imports", file=b"phone;categories\n0639980002;NORD\n", category="lyon")
    assert [row["name"] for row in bench.execute("SELECT name FROM categories ORDER BY name")] == [
        "Lyon",
        "Salon",
        "nord",
        "sud",
    ]
    assert names(bench) == ["Salon", "nord"]
    # Two that differ by nothing else, as of before, stay two.
    bench.execute("INSERT INTO categories (name) VALUES ('SALON')")
    salon.submit("/page/contacts/3/categories", categories="SALON")
    assert listed(salon, "?category=SALON") == ["Chloé 11"]
