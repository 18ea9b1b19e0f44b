"""A test message on the page: once for a double click, and with what became of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from system.db.database import Database
from system.domain.phone import PhoneNumber
from system.services.campaigns import MissingValueError, NobodyToWriteToError, create_campaign, launch_campaign
from system.services.consent import opt_out
from system.services.trials import try_campaign
from tests.unit.system.bench import Bench
from tests.unit.system.routers.page_browser import Browser

pytestmark = pytest.mark.real
MINE = PhoneNumber.parse("+33639980099")
TESTS = "SELECT id FROM campaigns WHERE test_of IS NOT NULL ORDER BY id"


def test_a_double_click_sends_one_test_and_the_page_says_what_became_of_it(browser: Browser, bench: Bench) -> None:
    campaign_id = create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001"])
    browser.log_in()
    for _ in range(2):
        assert browser.submit(f"/page/campaigns/{campaign_id}/test", phone="06 39 98 00 99").status_code == 303
    (trial,) = bench.execute(TESTS)
    shown = browser.request("GET", f"/page/campaigns/{campaign_id}").text
    assert "+33639980099&nbsp;: <strong>en attente</strong>" in shown
    (message_id,) = bench.ids(int(str(trial["id"])))
    bench.sender().send(message_id)
    assert "<strong>envoyé</strong>" in browser.request("GET", f"/page/campaigns/{campaign_id}").text


@pytest.mark.parametrize(
    "other",
    [
        "UPDATE campaigns SET created_at = created_at - interval '1 minute' WHERE test_of IS NOT NULL",
        "UPDATE campaigns SET message_template = 'Autre' WHERE test_of IS NULL",
        """UPDATE campaigns SET content = '{"media": {"url": "https://example.org/a.png"}}' WHERE test_of IS NULL""",
    ],
)
def test_what_is_asked_later_or_says_something_else_is_another_test(bench: Bench, other: str) -> None:
    campaign_id = create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001"])
    assert try_campaign(bench.db, campaign_id, MINE, actor="anne")
    bench.execute(other)
    assert try_campaign(bench.db, campaign_id, MINE, actor="anne")
    assert len(bench.execute(TESTS)) == 2


def test_two_clicks_at_once_send_one(bench: Bench, postgres_url: str) -> None:
    campaign_id = create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001"])

    def click(_: int) -> int:
        database = Database(postgres_url)
        try:
            return len(try_campaign(database, campaign_id, MINE, actor="anne"))
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(click, range(4))) == [0, 0, 0, 1]


def test_a_test_that_is_refused_leaves_nothing_behind(bench: Bench) -> None:
    campaign_id = create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001", MINE])
    bench.execute("UPDATE contacts SET whatsapp_status = 'invalid' WHERE phone = %s", MINE)
    with pytest.raises(NobodyToWriteToError):
        try_campaign(bench.db, campaign_id, MINE, actor="anne")
    assert bench.execute(TESTS) == []


def test_a_test_invents_no_consent(bench: Bench) -> None:
    campaign_id = create_campaign(bench.db, "Salon", "Bonjour {{prénom|vous}}", ["+33639980001"])
    # One number that nobody knows, one of a contact who has not consented.
    bench.execute("INSERT INTO contacts (phone, first_name) VALUES ('+33639980098', 'Jules')")
    for number in (MINE, PhoneNumber.parse("+33639980098")):
        assert try_campaign(bench.db, campaign_id, number, actor="anne")
    for trial in bench.execute(TESTS):
        for message_id in bench.ids(int(str(trial["id"]))):
            bench.sender().send(message_id)
    assert sorted(sent.phone for sent in bench.gateway.posts) == ["+33639980098", MINE]
    consents = "SELECT phone FROM contacts WHERE opted_in_at IS NOT NULL OR opt_in_source IS NOT NULL"
    assert [row["phone"] for row in bench.execute(consents)] == ["+33639980001"]
    # The category that holds them later does not reach them.
    bench.execute("INSERT INTO campaign_contacts SELECT %s, id FROM contacts ON CONFLICT DO NOTHING", campaign_id)
    launch_campaign(bench.db, campaign_id)
    assert len(bench.ids(campaign_id)) == 1


def test_a_name_is_still_needed_where_nobody_lends_one(bench: Bench) -> None:
    campaign_id = create_campaign(bench.db, "Salon", "Bonjour {{prénom}}", ["+33639980001"])
    bench.execute("UPDATE contacts SET opted_in_at = NULL, opt_in_source = NULL")
    with pytest.raises(MissingValueError):
        try_campaign(bench.db, campaign_id, MINE, actor="anne")


def test_who_opted_out_is_told_at_once(browser: Browser, bench: Bench) -> None:
    campaign_id = create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001"])
    opt_out(bench.db, MINE, source="operator")
    browser.log_in()
    answer = browser.submit(f"/page/campaigns/{campaign_id}/test", phone=MINE)
    assert (answer.status_code, "Ce numéro est désinscrit" in answer.text) == (409, True)
