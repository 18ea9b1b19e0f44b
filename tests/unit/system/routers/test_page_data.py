"""One person's data and a file's result, as somebody in an office reads them."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from system.db.metrics import backlog
from system.services.consent import opt_out
from system.services.importing import Source, begin_import, finish_import
from tests.unit.system.bench import Bench
from tests.unit.system.routers.page_browser import Browser

pytestmark = pytest.mark.real
FILE = "Téléphone;Prénom\n0639980001;Anne\n0639980002;Béa\n".encode()


@pytest.fixture
def admin(browser: Browser) -> Browser:
    browser.log_in("admin")
    browser.submit("/page/imports", file=FILE, category="Salon", consent="salon 2026")
    return browser


@pytest.mark.parametrize("typed", ["06 39 98 00 01", "+33 (0)6.39.98.00.01", "0033639980001"])
def test_a_number_is_taken_as_an_import_takes_it(admin: Browser, bench: Bench, typed: str) -> None:
    answer = admin.submit("/page/people/export", phone=typed)
    assert json.loads(answer.text)["number"] == "+33639980001"
    erased = admin.submit("/page/people/erase", phone=typed, again="+33639980001")
    assert "Effacement fait" in erased.text
    assert bench.execute("SELECT count(*) FROM contacts WHERE erased_at IS NOT NULL") == [{"count": 1}]


@pytest.mark.parametrize(
    ("path", "data", "code", "words"),
    [
        ("export", {"phone": "06 39"}, 422, "pas un numéro"),
        ("export", {"phone": "06 39 98 00 77"}, 404, "Personne n’a ce numéro"),
        ("erase", {"phone": "06 39", "again": "06 39"}, 422, "pas un numéro"),
        ("erase", {"phone": "06 39 98 00 01", "again": "06 39 98 00 02"}, 422, "diffèrent"),
        ("erase", {"phone": "06 39 98 00 77", "again": "06 39 98 00 77"}, 404, "Rien n’a été effacé"),
    ],
)
def test_a_mistake_keeps_the_form_and_erases_nobody(
    admin: Browser, bench: Bench, path: str, data: dict[str, Any], code: int, words: str
) -> None:
    answer = admin.submit(f"/page/people/{path}", **data)
    assert (answer.status_code, words in answer.text) == (code, True)
    assert f'value="{data["phone"]}"' in answer.text
    assert bench.execute("SELECT phone FROM suppressions") == []


def test_a_number_nobody_has_is_barred_only_if_that_is_asked_for(admin: Browser, bench: Bench) -> None:
    data = {"phone": "+33639980077", "again": "+33639980077", "anyway": "yes"}
    answer = admin.request("POST", "/page/people/erase", data=data | {"form_token": admin.token()})
    assert ("Aucun contact n’avait ce numéro" in answer.text, "Effacement fait" in answer.text) == (True, False)
    # It is recognised as it comes in.
    admin.submit("/page/imports", file=b"phone\n0639980077\n", consent="salon 2027")
    assert bench.execute("SELECT phone FROM suppressions") == [{"phone": "+33639980077"}]


def test_an_import_tells_who_opted_out(admin: Browser, bench: Bench) -> None:
    opt_out(bench.db, "+33639980001", source="operator")
    admin.submit("/page/imports", file=FILE, consent="salon 2027")
    shown = admin.request("GET", "/page/imports/2").text
    assert ('id="opted-out">1<' in shown, "1 personne s’est désinscrite" in shown) == (True, True)


def test_a_file_of_titles_only_says_so_and_columns_of_one_name_are_told_apart(admin: Browser) -> None:
    admin.submit("/page/imports", file="Téléphone;Prénom\n".encode())
    assert "Aucune ligne n’a été lue" in admin.request("GET", "/page/imports/2").text
    admin.submit("/page/imports", file="Téléphone;Téléphone\n0639980001;0639980003\n".encode())
    shown = admin.request("GET", "/page/imports/3").text
    assert ("Plusieurs colonnes s’appellent" in shown, "Aucune ligne" in shown) == (True, False)


class Watched:
    """Looks at something as each answer begins to leave."""

    def __init__(self, app: ASGIApp, look: Callable[[], None]) -> None:
        self._app, self._look = app, look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._look()
            await send(message)

        await self._app(scope, receive, watched)


@pytest.mark.parametrize(("lines", "waited"), [(2, True), (300, False)])
def test_a_large_file_shows_its_page_before_it_is_read(
    browser: Browser, bench: Bench, lines: int, waited: bool
) -> None:
    seen: list[dict[str, object]] = []

    def look() -> None:
        seen[:] = bench.execute("SELECT finished_at IS NOT NULL AS finished FROM imports")

    browser.app.add_middleware(Watched, look=look)
    browser.log_in()
    token = browser.token()
    file = b"phone;note\n" + b"".join(b"06399%05d;%b\n" % (n, b"x" * 4000) for n in range(lines)) + b"12;x\n"
    answer = browser.submit("/page/imports", token=token, file=file, consent="salon")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/page/imports/1")
    assert seen == [{"finished": waited}]
    # A request of this client ends with what goes on behind its answer.
    shown = browser.request("GET", "/page/imports/1").text
    assert (f'id="created">{lines}<' in shown, 'id="rejected">1<' in shown, "hx-get" in shown) == (True, True, False)


def test_a_large_file_without_numbers_is_refused_at_once(browser: Browser, bench: Bench) -> None:
    browser.log_in()
    answer = browser.submit("/page/imports", file=b"name\n" + b"Anne Durand\n" * 100_000, category="Salon")
    assert (answer.status_code, 'value="Salon"' in answer.text) == (400, True)
    assert bench.execute("SELECT id FROM imports") == []


def test_an_import_that_runs_refreshes_itself_until_it_ends(browser: Browser, bench: Bench) -> None:
    stream = io.BytesIO(b"phone\n0639980001\n")
    begun = begin_import(bench.db, stream, Source("f.csv", "operator"))
    browser.log_in()
    page = f"/page/imports/{begun.import_id}"
    shown = browser.request("GET", page).text
    assert (f'hx-get="{page}" hx-trigger="every 2s"' in shown, "En cours&nbsp;:" in shown) == (True, True)
    finish_import(bench.db, begun)
    shown = browser.request("GET", page).text
    assert ("hx-get" in shown, "En cours" in shown, 'id="created">1<' in shown) == (False, False, True)
    cut = begin_import(bench.db, io.BytesIO(b"phone\n0639980001\n"), Source("g.csv", "operator"))
    bench.execute("UPDATE heartbeats SET beat_at = now() - interval '2 minutes'")
    shown = browser.request("GET", f"/page/imports/{cut.import_id}").text
    assert ("hx-get" in shown, "Interrompu&nbsp;:" in shown) == (False, True)


@pytest.mark.parametrize("text", ["lefevre", "beatrice", "Lefèvre Béatrice", "BÉATRICE lefe", "éa"])
def test_a_contact_is_found_whatever_the_accents_and_the_order(browser: Browser, text: str) -> None:
    browser.log_in()
    browser.submit(
        "/page/imports",
        file="phone;prénom;nom\n0639980001;Béatrice;Lefèvre\n0639980002;Zoé;Petit\n0639980003;ÉLODIE;ŒUVRARD\n".encode(),
    )
    shown = browser.request("GET", f"/page/contacts?text={text}").text
    assert ("Béatrice Lefèvre" in shown, "Zoé Petit" in shown) == (True, False)
    assert "Béatrice Lefèvre" not in browser.request("GET", "/page/contacts?text=lefevre zoe").text
    assert "ÉLODIE" in browser.request("GET", "/page/contacts?text=œuvrard élodie").text


def test_past_imports_are_found_again(admin: Browser, bench: Bench) -> None:
    admin.submit("/page/imports", file=b"phone\n12\n")
    shown = admin.request("GET", "/page/imports").text
    assert shown.index('<a href="/page/imports/2">') < shown.index('<a href="/page/imports/1">f&lt;i&gt;.csv</a>')
    assert not any(words in shown for words in ("(en cours)", "(interrompu)"))


@pytest.mark.parametrize(("ago", "word", "other"), [(1, "en cours", "interrompu"), (3600, "interrompu", "en cours")])
def test_an_import_that_runs_is_told_apart_from_one_that_was_cut(
    admin: Browser, bench: Bench, ago: int, word: str, other: str
) -> None:
    bench.execute("UPDATE imports SET finished_at = NULL")
    bench.execute(
        "INSERT INTO heartbeats (component, instance, beat_at) VALUES ('import', '1', now() - make_interval(secs => %s))",
        ago,
    )
    shown = admin.request("GET", "/page/imports").text
    assert (f"({word})" in shown, f"({other})" in shown) == (True, False)
    shown = admin.request("GET", "/page/imports/1").text
    assert (f"{word.capitalize()}&nbsp;:" in shown, f"{other.capitalize()}&nbsp;:" in shown) == (True, False)
    with bench.db.transaction() as connection:
        assert "import" not in backlog(connection).heartbeat_ages
