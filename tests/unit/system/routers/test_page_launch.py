"""What stops a launch is said before it, at every place that could promise one."""

from datetime import timedelta
from typing import Any

import pytest

from system.clock import utc_now
from system.services.campaigns import create_campaign
from tests.unit.system.bench import Bench
from tests.unit.system.routers.page_browser import Browser

pytestmark = pytest.mark.real
DAY = f"{utc_now() + timedelta(days=300):%Y-%m-%d}"
WHEN: dict[str, Any] = {"date": DAY, "time": "10:00"}


def statuses(bench: Bench) -> list[object]:
    return [row["status"] for row in bench.execute("SELECT status FROM campaigns ORDER BY id")]


def test_who_lacks_a_value_is_named_and_nothing_is_promised(browser: Browser, bench: Bench) -> None:
    create_campaign(bench.db, "Salon", "Bonjour {{prénom}}", [f"+3363998000{n}" for n in range(8)])
    bench.execute("UPDATE contacts SET first_name = 'Anne', name = 'Anne Durand' WHERE phone = '+33639980007'")
    bench.execute("UPDATE contacts SET name = '<b>Béa' WHERE phone = '+33639980000'")
    browser.log_in()
    for path in ("/page/campaigns/1", "/page/campaigns/1/confirm/start"):
        page = browser.request("GET", path).text
        assert "7 contacts n’ont pas de valeur" in page
        assert '<a href="/page/contacts/1">&lt;b&gt;Béa</a>' in page
        assert "Et 2 autres" in page
        assert 'id="confirm"' not in page
    answer = browser.submit("/page/campaigns/1/schedule", **WHEN)
    assert (answer.status_code, "ne pourrait pas partir" in answer.text) == (409, True)
    assert f'value="{DAY}"' in answer.text
    assert statuses(bench) == ["draft"]
    bench.execute("UPDATE contacts SET first_name = 'Zoé', name = 'Zoé'")
    assert 'id="confirm"' in browser.request("GET", "/page/campaigns/1/confirm/start").text
    assert browser.submit("/page/campaigns/1/schedule", **WHEN).status_code == 303
    assert statuses(bench) == ["scheduled"]


def test_nobody_to_write_to_has_no_button_either(browser: Browser, bench: Bench) -> None:
    create_campaign(bench.db, "Salon", "Bonjour", ["+33639980001"])
    bench.execute("UPDATE contacts SET whatsapp_status = 'invalid'")
    browser.log_in()
    page = browser.request("GET", "/page/campaigns/1/confirm/start").text
    assert ("Personne ne peut recevoir" in page, 'id="confirm"' in page) == (True, False)
    assert browser.submit("/page/campaigns/1/schedule", **WHEN).status_code == 409
    # A confirmation of before says the same.
    answer = browser.submit("/page/campaigns/1/start", confirmed="yes")
    assert (answer.status_code, "Personne ne peut recevoir" in answer.text) == (409, True)
    assert statuses(bench) == ["draft"]
