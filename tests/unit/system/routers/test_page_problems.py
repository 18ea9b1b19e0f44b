"""What cannot be done is a French page with its menu; what was typed survives a login that ended or changed."""

import re
from html import unescape
from typing import Any

import httpx
import pytest

from system.domain.roles import Role
from system.routers.page_identity import page_user
from tests.unit.system.bench import Bench
from tests.unit.system.routers.page_browser import Browser

pytestmark = pytest.mark.real
HERE = {"Sec-Fetch-Site": "same-origin"}
LONG: dict[str, Any] = {
    "name": "Salon",
    "category": "Salon",
    "message": "Bonjour <b>",
    "follow_up": "Merci\net à bientôt",
}


def hidden(page: str) -> dict[str, str]:
    """What the last form of the page carries."""
    form = page[page.rindex("<form") :]
    return {
        name: unescape(text)
        for name, text in re.findall(r'<input type="hidden" name="([\w.]+)" value="([^"]*)">', form)
    }


def sent(browser: Browser, path: str, data: dict[str, Any], **headers: str) -> httpx.Response:
    return browser.request("POST", path, data=data, headers=headers)


def names(bench: Bench) -> list[object]:
    return [row["name"] for row in bench.execute("SELECT name FROM campaigns")]


@pytest.fixture
def salon(browser: Browser) -> Browser:
    browser.log_in()
    browser.submit("/page/imports", file=b"phone\n0639980001\n", category="Salon", consent="salon")
    return browser


def test_a_form_of_an_older_login_is_offered_again(salon: Browser, bench: Bench) -> None:
    old = salon.token()
    salon.log_in()
    answer = sent(salon, "/page/campaigns", LONG | {"form_token": old}, **HERE)
    assert (answer.status_code, names(bench)) == (403, [])
    assert "Bonjour &lt;b&gt;</p>" in answer.text
    again = hidden(answer.text)
    assert again["form_token"] == salon.token() != old
    assert sent(salon, "/page/campaigns", again, **HERE).status_code == 303
    assert bench.execute("SELECT message_template, follow_up_template FROM campaigns") == [
        {"message_template": LONG["message"], "follow_up_template": LONG["follow_up"]}
    ]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://else.example"}],
)
def test_what_another_site_made_is_never_offered(salon: Browser, bench: Bench, headers: dict[str, str]) -> None:
    answer = sent(salon, "/page/campaigns", LONG | {"form_token": "x"}, **headers)
    assert (answer.status_code, "Bonjour" in answer.text, "Envoyer de nouveau" in answer.text) == (403, False, False)
    salon.request("POST", "/page/logout", data={"form_token": salon.token()})
    assert sent(salon, "/page/campaigns", LONG, **headers).status_code == 303
    assert names(bench) == []


def test_a_session_that_ended_keeps_what_was_typed_over_the_login(salon: Browser, bench: Bench) -> None:
    bench.execute("UPDATE access_tokens SET expires_at = now()")
    asked = sent(salon, "/page/campaigns", LONG | {"form_token": "old"}, **HERE)
    assert (asked.status_code, "Votre session est terminée" in asked.text) == (401, True)
    wrong = sent(salon, "/page/login", hidden(asked.text) | {"name": "operator", "password": "wrong"}, **HERE)
    assert wrong.status_code == 401
    good = {"name": "operator", "password": "correct horse battery"}
    answer = sent(salon, "/page/login", hidden(wrong.text) | good, **HERE)
    assert (answer.status_code, names(bench)) == (200, [])
    assert sent(salon, "/page/campaigns", hidden(answer.text), **HERE).status_code == 303
    assert names(bench) == ["Salon"]


def test_a_password_is_never_kept(salon: Browser, bench: Bench) -> None:
    new = {"name": "anne", "role": "reader", "password": "a quite long secret"}
    salon.log_in("admin")
    stale = sent(salon, "/page/users", new | {"form_token": "old"}, **HERE)
    bench.execute("UPDATE access_tokens SET expires_at = now()")
    ended = sent(salon, "/page/users", new | {"form_token": "old"}, **HERE)
    assert (stale.status_code, ended.status_code) == (403, 303)
    assert "a quite long secret" not in stale.text + ended.text


def test_a_file_is_asked_for_again_and_the_rest_is_kept(salon: Browser) -> None:
    data = {"category": "Lyon", "consent": "salon <2026>", "form_token": "old"}
    answer = salon.request(
        "POST", "/page/imports", data=data, files={"file": ("a.csv", b"x", "text/csv")}, headers=HERE
    )
    assert (answer.status_code, "choisissez de nouveau le fichier" in answer.text) == (403, True)
    assert ('value="Lyon"' in answer.text, 'value="salon &lt;2026&gt;"' in answer.text) == (True, True)


def test_the_login_says_why_and_leads_back(salon: Browser, bench: Bench) -> None:
    bench.execute("UPDATE access_tokens SET expires_at = now()")
    led = salon.request("GET", "/page/contacts?which=opted-out").headers["Location"]
    asked = salon.request("GET", led).text
    assert "Votre session est terminée" in asked
    good = {"name": "operator", "password": "correct horse battery"}
    back = sent(salon, "/page/login", hidden(asked) | good, **HERE)
    assert back.headers["Location"] == "/page/contacts?which=opted-out"
    for wrong in (
        "//else.example",
        "https://else.example/",
        "/\\else.example",
        "/page/login",
        "javascript:alert(1)",
        "/x",
    ):
        assert sent(salon, "/page/login", good | {"next": wrong}, **HERE).headers["Location"] == "/"
    # Whoever comes for the first time hears of no session.
    assert "session" not in Browser(salon.app).request("GET", "/page/login").text


def test_who_writes_is_not_led_away(salon: Browser, bench: Bench) -> None:
    bench.execute("UPDATE access_tokens SET expires_at = now()")
    answer = salon.request("GET", "/page/alive", headers={"HX-Request": "true"})
    assert (answer.status_code, "HX-Redirect" in answer.headers) == (401, False)
    shown = {"HX-Request": "true", "HX-Current-URL": "http://test/page/campaigns/1"}
    led = salon.request("GET", "/page/campaigns/1/live", headers=shown).headers["HX-Redirect"]
    assert led == "/page/login?ended=1&next=%2Fpage%2Fcampaigns%2F1"


@pytest.mark.parametrize(
    ("method", "path", "code", "words"),
    [
        ("GET", "/page/nowhere", 404, "n’existe pas"),
        ("GET", "/page/campaigns/2/launch", 405, "sert à un bouton"),
        ("GET", "/page/campaigns/abc", 422, "mal écrite"),
        ("GET", "/nowhere", 404, "n’existe pas"),
        ("POST", "/page/campaigns", 413, "50 Mo"),
    ],
)
def test_errors_are_pages_with_the_menu(salon: Browser, method: str, path: str, code: int, words: str) -> None:
    content = b"x" * 300_000 if method == "POST" else None
    answer = salon.request(method, path, headers={"Accept": "text/html,*/*;q=0.8"}, content=content)
    assert (answer.status_code, answer.headers["Content-Type"]) == (code, "text/html; charset=utf-8")
    assert words in answer.text
    assert 'href="/page/contacts"' in answer.text


def broken() -> None:
    raise RuntimeError("a secret")


@pytest.mark.parametrize(
    ("path", "content_type", "words"),
    [("/page/broken", "text/html; charset=utf-8", "<h1>Erreur du système"), ("/broken", "application/json", "detail")],
)
def test_an_error_of_ours_is_a_page_for_people_and_json_for_programs(
    salon: Browser, path: str, content_type: str, words: str
) -> None:
    salon.app.get(path, dependencies=[page_user(Role.READER)])(broken)
    answer = salon.request("GET", path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, content_type)
    assert (words in answer.text, "secret" in answer.text) == (True, False)
    assert ('href="/page/contacts"' in answer.text) is path.startswith("/page")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"


def test_programs_are_told_as_before(salon: Browser) -> None:
    assert salon.request("GET", "/nowhere").json() == {"detail": "Not Found"}
    assert salon.request("POST", "/campaigns", content=b"x" * 70_000).json() == {"detail": "more than 65536 bytes"}


@pytest.mark.parametrize("character", ["é", "\N{GRINNING FACE}"])
def test_a_text_as_long_as_promised_is_taken(salon: Browser, bench: Bench, character: str) -> None:
    longest = LONG | {"message": character * 4096, "follow_up": character * 4096}
    whole = longest | dict.fromkeys(("media_url", "template_name", "template_language", "template_values"), "")
    hours = {"opens": "00:00", "closes": "24:00", "zone": "UTC"}
    answer = salon.submit("/page/campaigns", **whole | hours)
    assert (answer.status_code, names(bench)) == (303, ["Salon"])
    edited = salon.submit("/page/campaigns/1/edit", **whole | hours | {"name": "Foire", "version": "x"})
    assert edited.status_code == 409
