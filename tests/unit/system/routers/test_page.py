"""The page: nothing without a login, nothing from another site, and every word escaped."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from system.clock import utc_now
from system.config import get_settings
from system.domain.sending_hours import SendingHours
from system.page.rendering import DEEDS, STATUSES, clock_time, consent_source, moment, number
from system.services.campaigns import create_campaign
from tests.unit.system.administration import PASSWORD
from tests.unit.system.bench import Bench
from tests.unit.system.routers.page_browser import Browser
from tests.unit.system.services.webhook_events import event, process

pytestmark = pytest.mark.real
NEW: dict[str, Any] = {"name": "Salon", "category": "Salon", "message": "Bonjour", "follow_up": "Merci"}
# In summer time, and less than a year ahead.
NEXT_SUMMER = next(
    day for days in range(2, 365) if (day := f"{utc_now() + timedelta(days=days):%Y-%m-%d}").endswith("-07-01")
)
FILE = "téléphone;nom\n0639980001;<b>Anne</b>\n<i>12</i>;Béa\n".encode("cp1252")


def status(bench: Bench) -> object:
    return bench.execute("SELECT status FROM campaigns ORDER BY id DESC LIMIT 1")[0]["status"]


def test_a_login_gives_a_cookie_that_scripts_and_other_sites_do_not_get(browser: Browser) -> None:
    answer = browser.log_in()
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "operator (opérateur)" in browser.request("GET", "/").text


def test_behind_tls_the_cookie_is_this_host_s_alone(browser: Browser) -> None:
    answer = browser.request("POST", "https://test/page/login", data={"name": "admin", "password": PASSWORD})
    assert answer.headers["Set-Cookie"].startswith("__Host-token=")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("name", "password"),
    [("operator", "wrong password"), ("nobody", PASSWORD), ("", ""), ("a\x00", "x"), ("a" * 65, "x")],
)
def test_a_wrong_login_gives_none(browser: Browser, name: str, password: str) -> None:
    answer = browser.log_in(name, password)
    assert answer.status_code in {401, 422}
    assert "Set-Cookie" not in answer.headers


def test_attempts_are_limited_here_too(browser: Browser) -> None:
    for _ in range(10):
        browser.log_in(password="wrong")
    answer = browser.log_in()
    assert answer.status_code == 429
    assert "Trop de tentatives" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://test"},
    ],
)
def test_another_site_cannot_log_somebody_in(browser: Browser, headers: dict[str, str]) -> None:
    assert browser.log_in(**headers).status_code == 403


@pytest.mark.parametrize("headers", [{"Origin": "http://test"}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}])
def test_the_page_itself_can(browser: Browser, headers: dict[str, str]) -> None:
    assert browser.log_in(**headers).status_code == 303


def test_a_logout_ends_the_token(browser: Browser, bench: Bench) -> None:
    browser.log_in()
    answer = browser.submit("/page/logout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/page/login")
    assert bench.execute("SELECT id FROM access_tokens WHERE revoked_at IS NULL") == []
    assert browser.request("GET", "/").status_code == 303


def test_a_form_of_another_site_changes_nothing(browser: Browser, bench: Bench) -> None:
    campaign_id = create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001"])
    browser.log_in()
    for token in ("", "x", "é"):
        assert browser.submit(f"/page/campaigns/{campaign_id}/start", token=token).status_code == 403
        assert browser.submit("/page/imports", token=token, file=FILE).status_code == 403
        assert browser.submit("/page/logout", token=token).status_code == 403
    other = Browser(browser.app)
    other.log_in("admin")
    assert browser.submit(f"/page/campaigns/{campaign_id}/start", token=other.token()).status_code == 403
    assert status(bench) == "draft"
    assert bench.execute("SELECT id FROM imports") == []


def test_from_a_file_to_a_cancelled_campaign(browser: Browser, bench: Bench) -> None:
    browser.log_in()
    answer = browser.submit("/page/imports", file=FILE, category="Salon", consent="salon 2026")
    assert answer.headers["Location"] == "/page/imports/1?category=Salon"
    shown = browser.request("GET", "/page/imports/1").text
    assert "ce n’est pas un numéro de téléphone\u00a0: &lt;i&gt;12&lt;/i&gt;" in shown
    assert "f&lt;i&gt;.csv" in shown
    rejected = browser.request("GET", "/page/imports/1/rejected.csv")
    assert rejected.headers["Content-Disposition"] == 'attachment; filename="lignes-refusees-1.csv"'
    assert rejected.text.startswith("\ufeffligne;motif;téléphone;nom\n3;")
    new: dict[str, Any] = {
        "name": "<script>1</script>",
        "category": "Salon",
        "message": "Bonjour",
        "follow_up": "Merci",
    }
    assert browser.submit("/page/campaigns", **new).status_code == 303
    for deed, after in (("start", "sending"), ("pause", "paused"), ("resume", "sending"), ("cancel", "cancelled")):
        asks = deed in {"start", "cancel"}
        answer = browser.confirm(1, deed) if asks else browser.submit(f"/page/campaigns/1/{deed}")
        assert (answer.status_code, status(bench)) == (303, after)
    live = browser.request("GET", "/page/live?which=all").text
    assert "<script>" not in live
    assert "annulée" in live
    actors = {row["actor"] for row in bench.execute("SELECT actor FROM action_log WHERE action NOT LIKE 'user%%'")}
    assert actors == {"operator"}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE campaigns SET message_template = 'Autre'",
        "UPDATE campaigns SET follow_up_template = 'Autre'",
        "UPDATE campaigns SET sending_zone = 'Europe/Paris', sending_opens = 540, sending_closes = 600",
        "INSERT INTO campaign_contacts SELECT 1, id FROM contacts WHERE phone = '+33639980002'",
        "INSERT INTO suppressions (phone, source) VALUES ('+33639980001', 'page')",
    ],
)
def test_what_is_launched_is_what_was_shown(browser: Browser, bench: Bench, change: str) -> None:
    create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001", "+33639980003"])
    create_campaign(bench.db, "Autre", "Bonjour", ["+33639980002"])
    browser.log_in()
    asked = browser.request("GET", "/page/campaigns/1/confirm/start").text
    (as_shown,) = re.findall(r'name="shown" value="(\w+)"', asked)
    bench.execute(change)
    answer = browser.submit("/page/campaigns/1/start", confirmed="yes", shown=as_shown)
    assert (answer.status_code, answer.headers["location"]) == (303, "/page/campaigns/1/confirm/start?changed")
    assert bench.execute("SELECT count(*) FROM messages") == [{"count": 0}]
    assert "relisez avant de lancer" in browser.request("GET", answer.headers["location"]).text
    assert browser.confirm(1, "start").headers["location"] == "/page/campaigns/1?done=start"


def test_a_reader_sees_and_does_nothing(browser: Browser, bench: Bench) -> None:
    campaign_id = create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001"])
    browser.log_in("reader")
    home = browser.request("GET", "/").text
    assert "Salon" in home
    assert "Lancer" not in home
    assert browser.submit(f"/page/campaigns/{campaign_id}/start").status_code == 403
    assert browser.submit("/page/imports", file=FILE).status_code == 403
    assert status(bench) == "draft"


@pytest.mark.parametrize(
    ("path", "data", "code", "words"),
    [
        ("/page/campaigns/1/pause", {}, 409, "a changé d’état"),
        ("/page/campaigns/1/start", {"confirmed": "yes"}, 409, "consentement"),
        ("/page/campaigns/1/edit", {"name": "x", "message": "y"}, 422, "Écrivez le Message 2"),
        ("/page/campaigns/1/test", {"phone": "12"}, 422, "pas un numéro"),
        ("/page/campaigns/1/test", {"phone": ""}, 422, "pas un numéro"),
        ("/page/campaigns/1/schedule", {"date": "2020-01-01", "time": "10:00"}, 422, "déjà passé"),
        ("/page/campaigns/1/schedule", {"date": "3026-11-29", "time": "10:00"}, 422, "dans plus d’un an"),
        ("/page/campaigns/1/schedule", {"date": "demain", "time": ""}, 422, "Choisissez un jour"),
        ("/page/campaigns/1/schedule", {"date": "2020-01-01", "time": "10:00+01:00"}, 422, "Choisissez un jour"),
        ("/page/campaigns/1/unschedule", {}, 409, "a changé d’état"),
        ("/page/contacts/1/consent", {"source": ""}, 422, "Dites où"),
        ("/page/contacts/1", {"first_name": "x" * 101}, 422, "100 caractères"),
        ("/page/contacts/99", {"first_name": "x"}, 404, "n’existe pas"),
        ("/page/simulation/1", {"what": "reply", "text": "oui"}, 404, "passerelle d’essai"),
        ("/page/campaigns/1/destroy", {}, 404, "n’existe pas"),
        ("/page/campaigns/99/start", {}, 404, "n’existe pas"),
        ("/page/imports", {"category": "x"}, 422, "Il manque un fichier"),
        ("/page/campaigns", {"name": "x"}, 422, "Choisissez une catégorie"),
        ("/page/campaigns", NEW | {"message": "{{ville}}"}, 422, "La variable {{ville}} n’existe pas"),
        ("/page/campaigns", NEW | {"opens": "20:00", "closes": "08:00"}, 422, "La fin doit venir après"),
        ("/page/campaigns", NEW | {"zone": "Europe/Pari"}, 422, "fuseau horaire n’est pas connu"),
        ("/page/campaigns", {"name": "x" * 201, "category": "y", "message": "z", "follow_up": "z"}, 422, "trop long"),
        ("/page/campaigns", {"name": "x", "category": "<y>", "message": "z", "follow_up": "z"}, 422, "&lt;y&gt;"),
        ("/page/campaigns", {"name": "\x00", "category": "y", "message": "z", "follow_up": "z"}, 422, "caractère"),
    ],
)
def test_what_cannot_be_done_is_said_in_french(
    browser: Browser, bench: Bench, path: str, data: dict[str, Any], code: int, words: str
) -> None:
    create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001"])
    bench.execute("UPDATE contacts SET opted_in_at = NULL, opt_in_source = NULL")
    browser.log_in()
    answer = browser.submit(path, **data)
    assert (answer.status_code, words in answer.text) == (code, True), answer.text


def test_a_file_without_numbers_is_refused(browser: Browser) -> None:
    browser.log_in()
    answer = browser.submit("/page/imports", file=b"nom\nAnne\n")
    assert (answer.status_code, "Aucune colonne" in answer.text) == (400, True)
    assert browser.request("GET", "/page/imports/1").status_code == 404
    assert browser.request("GET", "/page/imports/1/rejected.csv").status_code == 404


@pytest.mark.parametrize(
    ("sent", "level"), [(0, "ok"), (749, "ok"), (750, "attention"), (900, "danger"), (1000, "blocked")]
)
def test_the_gauge_tells_how_full_the_day_is(browser: Browser, bench: Bench, sent: int, level: str) -> None:
    bench.execute("INSERT INTO daily_counters (day, message_1) VALUES (%s, %s)", utc_now().date(), sent)
    yesterday = utc_now().date() - timedelta(days=1)
    bench.execute("INSERT INTO daily_counters (day, message_1) VALUES (%s, 1000)", yesterday)
    browser.log_in()
    assert f'class="card gauge {level}"' in browser.request("GET", "/page/live").text


def test_campaigns_have_pages(browser: Browser, bench: Bench) -> None:
    for name in range(25):
        create_campaign(bench.db, f"Campagne {name:02}", "Bonjour", ["+33639980001"])
    browser.log_in()
    home = browser.request("GET", "/").text
    assert "Campagne 24" in home
    assert "Campagne 04" not in home
    found = re.search(r'href="/(\?before=\d+)"', home)
    assert found
    assert "Campagne 04" in browser.request("GET", f"/{found.group(1)}").text


def test_the_style_and_the_script_are_served_and_nothing_else(browser: Browser) -> None:
    for name in ("htmx.min.js", "idiomorph-ext.min.js", "page.css", "page.js", "icon.svg"):
        answer = browser.request("GET", f"/static/{name}")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=3600")
    for name in ("README.md", "..%2frendering.py", "x"):
        assert browser.request("GET", f"/static/{name}").status_code == 404


def test_nothing_in_the_page_needs_an_inline_script_or_style(browser: Browser, bench: Bench) -> None:
    create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001"])
    browser.log_in()
    for path in ("/", "/page/login", "/page/campaigns/1", "/page/campaigns/new", "/page/contacts", "/page/imports"):
        text = browser.request("GET", path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|javascript:|https?://", text)
        assert re.findall(r"<script [^>]*>", text) == [
            f'<script src="/static/{name}" defer>' for name in ("htmx.min.js", "idiomorph-ext.min.js", "page.js")
        ]


def test_the_words_of_the_page() -> None:
    assert (clock_time(480), clock_time(510)) == ("8\u00a0h", "8\u00a0h\u00a030")
    assert (consent_source("file a.csv"), consent_source("list of campaign 3")) == (
        "fichier a.csv",
        "liste de la campagne 3",
    )
    assert consent_source("profile of the file") == "profile of the file"
    assert number(1234567) == "1\u202f234\u202f567"
    assert moment(utc_now(), ZoneInfo("UTC")).endswith(" (UTC)")
    assert set(DEEDS) < set(STATUSES)


def test_what_is_final_is_asked_twice_and_works_without_a_script(browser: Browser, bench: Bench) -> None:
    campaign_id = create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001", "+33639980002"])
    browser.log_in()
    for deed, words, before in (
        ("start", "Lancer pour 2 personnes", "draft"),
        ("delete", "Ce brouillon disparaîtra", "draft"),
        ("cancel", "ne peut pas être", "paused"),
    ):
        bench.execute("UPDATE campaigns SET status = %s", before)
        answer = browser.submit(f"/page/campaigns/{campaign_id}/{deed}")
        assert answer.headers["Location"] == f"/page/campaigns/{campaign_id}/confirm/{deed}"
        assert words in browser.request("GET", answer.headers["Location"]).text
        assert status(bench) == before
    assert browser.request("GET", f"/page/campaigns/{campaign_id}/confirm/pause").status_code == 404
    bench.execute("UPDATE campaigns SET status = 'completed'")
    assert browser.request("GET", f"/page/campaigns/{campaign_id}/confirm/start").status_code == 409


def test_a_form_with_a_mistake_keeps_what_was_typed(browser: Browser, bench: Bench) -> None:
    browser.log_in()
    browser.submit("/page/imports", file=FILE, category="Salon", consent="salon")
    answer = browser.submit("/page/campaigns", **NEW | {"message": "Ligne 1\r\n<b>{{ville}}", "opens": "09:30"})
    assert answer.status_code == 422
    for typed in ('value="Salon" selected', "Ligne 1\n&lt;b&gt;{{ville}}", 'value="09:30"', "operator (opérateur)"):
        assert typed in answer.text
    assert bench.execute("SELECT id FROM campaigns") == []


def test_a_draft_is_written_changed_scheduled_and_taken_back(browser: Browser, bench: Bench) -> None:
    browser.log_in()
    browser.submit("/page/imports", file=FILE, category="Salon", consent="salon")
    created = browser.submit("/page/campaigns", **NEW | {"category": "sALON", "zone": "Indian/Reunion"})
    assert created.headers["Location"] == "/page/campaigns/1?done=created"
    shown = browser.request("GET", created.headers["Location"]).text
    assert "Le brouillon est créé." in shown
    assert "Indian/Reunion" in shown
    edited = browser.submit("/page/campaigns/1/edit", name="Foire", message="Bonjour {{ NOM }}", follow_up="Bien")
    assert (edited.status_code, "Bonjour {{nom}}" in browser.request("GET", "/page/campaigns/1").text) == (303, True)
    assert "Bonjour &lt;b&gt;Anne&lt;/b&gt;" in browser.request("GET", "/page/campaigns/1?preview=0").text
    assert browser.submit("/page/campaigns/1/schedule", date=NEXT_SUMMER, time="10:00").status_code == 303
    (row,) = bench.execute("SELECT status, scheduled_at AT TIME ZONE 'UTC' AS at FROM campaigns")
    # The hours of the form were the installation's again (UTC here).
    assert (row["status"], str(row["at"])) == ("scheduled", f"{NEXT_SUMMER} 10:00:00")
    assert browser.request("GET", "/page/campaigns/1/edit").status_code == 409
    browser.submit("/page/campaigns/1/unschedule")
    assert status(bench) == "draft"


def test_a_file_or_a_template_is_checked_shown_and_kept_in_the_form(browser: Browser, bench: Bench) -> None:
    browser.log_in()
    browser.submit(
        "/page/imports", category="Salon", consent="salon", file="téléphone;nom\n0639980001;Annabelle\n".encode()
    )
    media, template = {"media_url": "https://example.org/a.png"}, {"template_name": "accueil"}
    for wrong, words in (
        ({"media_url": "http://example.org/a.png"}, "Ce n’est pas l’adresse d’un fichier"),
        ({"media_url": "https://example.org/a.exe"}, "Ce type de fichier ne s’envoie pas"),
        (media | template, "Choisissez un fichier ou un modèle"),
        ({"template_values": "Anne"}, "Le nom d’un modèle"),
        (template | {"template_language": "français"}, "La langue d’un modèle"),
        (template | {"template_values": "{{ville}}"}, "La variable {{ville}} n’existe pas"),
        (media | {"message": "x" * 1025}, "Sous un fichier, le texte a 1024 caractères au plus"),
    ):
        answer = browser.submit("/page/campaigns", **NEW | wrong)
        assert (answer.status_code, words in answer.text, "<details open" in answer.text) == (422, True, True), wrong
        assert all(typed in answer.text for typed in wrong.values())
    answer = browser.submit("/page/campaigns", **NEW | {"message": "x" * 4089 + "{{nom}}"})
    assert (answer.status_code, "dépasse 4096 caractères pour Annabelle." in answer.text) == (422, True)
    bench.execute("UPDATE contacts SET name = 'Anne', last_name = NULL")
    assert bench.execute("SELECT id FROM campaigns") == []
    values = {"template_values": "{{NOM}}\r\n\r\nsamedi"}
    made = browser.submit("/page/campaigns", **NEW | template | values).headers["Location"]
    shown = browser.request("GET", made).text
    assert "Par le modèle approuvé <code>accueil</code> (fr), avec les valeurs" in shown
    assert ("«\xa0{{nom}}\xa0»" in shown.replace("&nbsp;", "\xa0"), "«&nbsp;Anne&nbsp;»" in shown) == (True, True)
    (row,) = bench.execute("SELECT id FROM campaigns")
    form = browser.request("GET", f"/page/campaigns/{row['id']}/edit").text
    assert ("{{nom}}\nsamedi</textarea>" in form, 'value="accueil"' in form) == (True, True)
    browser.submit(f"/page/campaigns/{row['id']}/edit", **NEW | media)
    for path in (f"/page/campaigns/{row['id']}", f"/page/campaigns/{row['id']}/confirm/start"):
        assert 'l’image <a href="https://example.org/a.png"' in browser.request("GET", path).text
    browser.submit(f"/page/campaigns/{row['id']}/edit", **NEW | {"message": "Bonjour {{nom}}"})
    confirmed = browser.request("GET", f"/page/campaigns/{row['id']}/confirm/start").text
    assert ("tel que le lira Anne" in confirmed, "Bonjour Anne</p>" in confirmed) == (True, True)
    # A name that grew since is told before the launch, and stops it.
    browser.submit(f"/page/campaigns/{row['id']}/edit", **NEW | {"message": "x" * 4089 + "{{nom}}"})
    bench.execute("UPDATE contacts SET name = 'Annabelle', last_name = NULL")
    assert "est trop long pour Annabelle" in browser.request("GET", f"/page/campaigns/{row['id']}").text
    refused = browser.submit(f"/page/campaigns/{row['id']}/start", confirmed="yes")
    assert (refused.status_code, "trop long pour Annabelle" in refused.text) == (409, True)


def test_a_schedule_is_of_the_campaign_s_zone(browser: Browser, bench: Bench) -> None:
    create_campaign(
        bench.db, "Salon", "Bonjour", ["+33639980001"], hours=SendingHours.parse("08:00-20:00", "Europe/Paris")
    )
    browser.log_in()
    browser.submit("/page/campaigns/1/schedule", date=NEXT_SUMMER, time="10:00")
    (row,) = bench.execute("SELECT scheduled_at AT TIME ZONE 'UTC' AS at FROM campaigns")
    assert str(row["at"]) == f"{NEXT_SUMMER} 08:00:00"


def test_results_and_replies_are_shown_and_downloaded(browser: Browser, bench: Bench) -> None:
    campaign_id = bench.campaign(2)
    bench.execute("UPDATE contacts SET name = '=cmd|1' WHERE phone = '+33639980000'")
    for message_id in bench.ids(campaign_id):
        bench.sender().send(message_id)
    process(bench, event(1, "+33639980000", data={"id": "wa-1", "fromNumber": "+33639980000", "body": "<i>Oui</i>"}))
    browser.log_in("reader")
    for path in (f"/page/campaigns/{campaign_id}", f"/page/campaigns/{campaign_id}/replies"):
        assert "&lt;i&gt;Oui&lt;/i&gt;" in browser.request("GET", path).text
    results = browser.request("GET", f"/page/campaigns/{campaign_id}/results?outcome=open").text
    assert "+33639980001" in results
    file = browser.request("GET", f"/page/campaigns/{campaign_id}/results.csv").text.splitlines()
    assert file[0].startswith("\ufeffnuméro;nom;Message 1")
    assert file[1].startswith("+33639980000;'=cmd|1;envoyé;")
    assert len(file) == 3
    for page in ("results", "replies", "results.csv"):
        assert browser.request("GET", f"/page/campaigns/99/{page}").status_code == 404


def test_contacts_are_found_corrected_and_taken_off(browser: Browser, bench: Bench) -> None:
    browser.log_in()
    browser.submit("/page/imports", file="téléphone;prénom;nom\n0639980001;Anne;Durand\n0639980002;;%\n".encode())
    assert "Anne Durand" in browser.request("GET", "/page/contacts?text=06 39 98 00 01").text
    assert "Anne Durand" not in browser.request("GET", "/page/contacts?text=%25").text
    assert "Anne Durand" in browser.request("GET", "/page/contacts?which=without-consent").text
    assert browser.submit("/page/contacts/1", first_name=" Anna ", last_name="D’Urand").status_code == 303
    assert browser.submit("/page/contacts/1/consent", source="salon").status_code == 303
    assert browser.submit("/page/contacts/1/consent", source="salon").status_code == 409
    assert "Désinscrire Anna D’Urand" in browser.request("GET", "/page/contacts/1/opt-out").text
    assert browser.submit("/page/contacts/1/opt-out").status_code == 303
    shown = browser.request("GET", "/page/contacts?which=opted-out").text
    assert ("Anna D’Urand" in shown, "désinscrit" in shown) == (True, True)
    assert browser.request("GET", "/page/contacts/99").status_code == 404
    # Only a new consent undoes it.
    assert browser.submit("/page/contacts/1/consent", source="oui", again="yes").status_code == 422
    assert browser.submit("/page/contacts/1/consent", source="courriel du 3 mai", again="yes").status_code == 303
    assert bench.execute("SELECT phone FROM suppressions") == []
    # Who changes the whole name alone leaves no old part behind.
    bench.execute("UPDATE contacts SET name = 'Personne' WHERE id = 1")
    assert bench.execute("SELECT first_name, last_name FROM contacts WHERE id = 1") == [
        {"first_name": None, "last_name": None}
    ]


def test_the_poll_stays_on_its_page(browser: Browser, bench: Bench) -> None:
    create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001"])
    browser.log_in()
    assert 'hx-get="/page/live?before=14"' in browser.request("GET", "/?before=14").text
    assert "Salon" not in browser.request("GET", "/page/live?before=1").text


def test_a_login_lasts_while_somebody_works_and_not_while_a_page_only_polls(browser: Browser, bench: Bench) -> None:
    campaign_id = create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001"])
    browser.log_in()
    left = "SELECT expires_at - now() > interval '20 minutes' AS long FROM access_tokens"
    for path, prolonged in (
        ("/page/live", False),
        (f"/page/campaigns/{campaign_id}/live", False),
        ("/page/alive", True),
    ):
        bench.execute("UPDATE access_tokens SET expires_at = now() + interval '5 minutes'")
        assert browser.request("GET", path).is_success
        assert bench.execute(left) == [{"long": prolonged}], path
    # Half a day at most.
    bench.execute(
        "UPDATE access_tokens SET issued_at = now() - interval '715 minutes', expires_at = now() + interval '2 minutes'"
    )
    browser.request("GET", "/")
    assert bench.execute(left) == [{"long": False}]
    bench.execute("UPDATE access_tokens SET expires_at = now()")
    assert browser.request("GET", "/").status_code == 303


def test_replies_are_played_where_the_gateway_is_the_double_only(
    browser: Browser, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = bench.campaign(1)
    (message_id,) = bench.ids(campaign_id)
    bench.sender().send(message_id)
    browser.log_in()
    asked: dict[str, Any] = {"what": "reply", "text": "oui", "message": str(message_id)}
    assert browser.submit(f"/page/simulation/{campaign_id}", **asked).status_code == 404
    monkeypatch.setenv("WASSENGER_API_KEY", "sandbox")
    monkeypatch.setenv("WASSENGER_BASE_URL", "http://127.0.0.1:1/v1")
    get_settings.cache_clear()
    assert "Passerelle d’essai" in browser.request("GET", "/").text
    assert browser.submit(f"/page/simulation/{campaign_id}", **asked).status_code == 303
    assert browser.submit(f"/page/simulation/{campaign_id}", **asked | {"what": "read"}).status_code == 303
    for wrong in ({"message": "99"}, {"message": "x"}, {"what": "dance"}, {"text": ""}):
        assert browser.submit(f"/page/simulation/{campaign_id}", **asked | wrong).status_code == 422
    assert [row["content"] for row in bench.execute("SELECT content FROM interactions")] == ["oui"]
    assert [row["status"] for row in bench.execute("SELECT status FROM messages ORDER BY id")] == ["read", "pending"]


def test_an_administrator_makes_and_closes_accounts(browser: Browser, bench: Bench) -> None:
    browser.log_in("admin")
    new: dict[str, Any] = {"name": "anne", "role": "operator", "password": PASSWORD}
    for wrong, words in (({"name": "Anne B"}, "Ce nom est pris"), ({"password": "court"}, "Un mot de passe a de 12")):
        answer = browser.submit("/page/users", **new | wrong)
        assert (answer.status_code, words in answer.text, PASSWORD in answer.text) == (422, True, False)
    assert browser.submit("/page/users", **new | {"role": "chief"}).status_code == 422
    assert browser.submit("/page/users", **new).status_code == 303
    anne = Browser(browser.app)
    assert anne.log_in("anne").status_code == 303
    assert browser.submit("/page/users/anne/password", password="court").status_code == 422
    assert browser.submit("/page/users/anne/password", password="a quite different one").status_code == 303
    assert anne.request("GET", "/").status_code == 303
    assert anne.log_in("anne", "a quite different one").status_code == 303
    assert browser.submit("/page/users/anne/disable").status_code == 303
    assert anne.request("GET", "/").status_code == 303
    assert browser.submit("/page/users/anne/enable").status_code == 303
    assert browser.submit("/page/users/admin/disable").status_code == 409
    assert browser.submit("/page/users/nobody/disable").status_code == 404
    assert browser.submit("/page/users/anne/destroy").status_code == 404
    done = {row["action"] for row in bench.execute("SELECT action FROM action_log WHERE actor = 'admin'")}
    assert {"user added", "password changed", "user disabled", "user enabled"} <= done


def test_a_problem_page_keeps_who_is_there(browser: Browser) -> None:
    browser.log_in("reader")
    for answer in (browser.request("GET", "/page/campaigns/9"), browser.submit("/page/users")):
        assert ("reader (lecture)" in answer.text, "Ce n’est pas possible" in answer.text) == (True, True)


def test_a_file_that_is_refused_keeps_the_other_fields(browser: Browser) -> None:
    browser.log_in()
    answer = browser.submit("/page/imports", file=b"nom\nAnne\n", category="Salon", consent="salon <2026>")
    assert (answer.status_code, 'value="Salon"' in answer.text) == (400, True)
    assert 'value="salon &lt;2026&gt;"' in answer.text
