"""A test message on the page: once for a double click, and with what became of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from system.db.database import Database
from system.domain.phone import PhoneNumber
from system.services.campaigns import NobodyToWriteToError, create_campaign
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
