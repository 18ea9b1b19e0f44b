"""A campaign is copied into a draft, and a draft is deleted; what its tests sent stays known."""

import pytest

from system.domain.content import Template
from system.domain.phone import PhoneNumber
from system.domain.sending_hours import SendingHours
from system.services.campaigns import create_campaign
from system.services.trials import try_campaign
from tests.unit.system.bench import Bench
from tests.unit.system.routers.page_browser import Browser

pytestmark = pytest.mark.real
SAID = (
    "SELECT message_template, follow_up_template, content, sending_zone, sending_opens, sending_closes,"
    " ARRAY(SELECT category_id FROM campaign_categories WHERE campaign_id = id) AS categories,"
    " ARRAY(SELECT contact_id FROM campaign_contacts WHERE campaign_id = id) AS contacts FROM campaigns ORDER BY id"
)


def names(bench: Bench) -> list[object]:
    return [row["name"] for row in bench.execute("SELECT name FROM campaigns ORDER BY id")]


@pytest.mark.parametrize("state", ["draft", "sending", "completed", "cancelled"])
def test_a_copy_says_the_same_to_the_same_contacts(browser: Browser, bench: Bench, state: str) -> None:
    browser.log_in()
    browser.submit("/page/imports", file=b"phone\n0639980001\n", category="Salon", consent="salon")
    campaign_id = create_campaign(
        bench.db,
        "Été",
        "Bonjour {{prénom|vous}}",
        ["+33639980002"],
        "Merci",
        categories=["Salon"],
        hours=SendingHours.parse("09:00-10:00", "Europe/Paris"),
        content=Template.parse("ete", "fr", ["samedi"]),
    )
    bench.execute("UPDATE campaigns SET status = %s, stop_reason = 'x', launched_at = now()", state)
    answer = browser.submit(f"/page/campaigns/{campaign_id}/duplicate")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/page/campaigns/2?done=duplicated")
    said, copied = bench.execute(SAID)
    assert said == copied
    assert (len(said["categories"]), len(said["contacts"])) == (1, 1)  # type: ignore[arg-type]
    assert names(bench) == ["Été", "Copie de Été"]
    shown = browser.request("GET", answer.headers["Location"]).text
    assert ("La copie est créée" in shown, 'data-status="draft"' in shown, "Arrêtée" in shown) == (True, True, False)
    assert bench.execute("SELECT status FROM campaigns WHERE id = 1") == [{"status": state}]


def test_the_name_of_a_copy_is_not_too_long(browser: Browser, bench: Bench) -> None:
    create_campaign(bench.db, "x" * 200, "Bonjour")
    browser.log_in()
    browser.submit("/page/campaigns/1/duplicate")
    assert names(bench)[1] == "Copie de " + "x" * 191
    assert browser.submit("/page/campaigns/9/duplicate").status_code == 404


def test_a_draft_is_deleted_once_it_is_confirmed(browser: Browser, bench: Bench) -> None:
    create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001"])
    kept = create_campaign(bench.db, "Foire", "Bonjour", ["+33639980001"])
    try_campaign(bench.db, 1, PhoneNumber.parse("+33639980003"), actor="operator")
    browser.log_in()
    asked = browser.submit("/page/campaigns/1/delete")
    assert asked.headers["Location"] == "/page/campaigns/1/confirm/delete"
    assert "Salon" in names(bench)
    answer = browser.confirm(1, "delete")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?done=deleted")
    home = browser.request("GET", "/?done=deleted").text
    assert ("Le brouillon est supprimé." in home, "Foire" in home, "Salon" in home) == (True, True, False)
    assert browser.request("GET", "/page/campaigns/1").status_code == 404
    # Its test may have left: who got it can reply, and it is still asked about.
    assert bench.execute("SELECT count(*) FROM messages") == [{"count": 1}]
    assert "Salon" not in browser.request("GET", "/?which=all").text
    assert bench.execute("SELECT detail ->> 'name' AS name FROM action_log WHERE action = 'campaign deleted'") == [
        {"name": "Salon"}
    ]
    bench.execute("UPDATE campaigns SET status = 'sending' WHERE id = %s", kept)
    assert browser.submit(f"/page/campaigns/{kept}/delete", confirmed="yes").status_code == 409
    assert browser.request("GET", f"/page/campaigns/{kept}/confirm/delete").status_code == 409


def test_a_reader_neither_copies_nor_deletes(browser: Browser, bench: Bench) -> None:
    create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001"])
    browser.log_in("reader")
    assert browser.submit("/page/campaigns/1/duplicate").status_code == 403
    assert browser.submit("/page/campaigns/1/delete", confirmed="yes").status_code == 403
    shown = browser.request("GET", "/page/campaigns/1").text
    assert ("Dupliquer" in shown, "Supprimer" in shown, names(bench)) == (False, False, ["Salon"])
