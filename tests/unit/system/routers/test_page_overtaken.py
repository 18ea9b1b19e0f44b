"""Two people at one draft: nobody's words are lost without being seen."""

import re
from typing import Any

import pytest

from tests.unit.system.bench import Bench
from tests.unit.system.routers.page_browser import Browser

pytestmark = pytest.mark.real
MINE: dict[str, Any] = {"name": "Salon", "message": "Le mien", "follow_up": "Merci"}
THEIRS: dict[str, Any] = {"name": "Salon", "message": "Le leur", "follow_up": "Leur <b>suite"}


def version(page: str) -> str:
    (found,) = re.findall(r'name="version" value="(\w+)"', page)
    return str(found)


def texts(bench: Bench) -> list[object]:
    (row,) = bench.execute("SELECT message_template, follow_up_template FROM campaigns")
    return list(row.values())


@pytest.mark.parametrize(
    "change",
    [
        None,
        "UPDATE campaigns SET name = 'Foire'",
        "UPDATE campaigns SET sending_zone = 'Europe/Paris', sending_opens = 540, sending_closes = 600",
        "DELETE FROM campaign_categories",
    ],
)
def test_a_draft_that_somebody_changed_meanwhile_is_shown_before_it_is_replaced(
    browser: Browser, bench: Bench, change: str | None
) -> None:
    browser.log_in("admin")
    browser.submit("/page/imports", file=b"phone\n0639980001\n", category="Salon", consent="salon")
    browser.submit("/page/campaigns", **MINE, category="Salon")
    opened = version(browser.request("GET", "/page/campaigns/1/edit").text)
    if change:
        bench.execute(change)
    else:
        colleague = Browser(browser.app)
        colleague.log_in("operator")
        form = colleague.request("GET", "/page/campaigns/1/edit").text
        assert colleague.submit("/page/campaigns/1/edit", **THEIRS, version=version(form)).status_code == 303
    answer = browser.submit("/page/campaigns/1/edit", **MINE | {"message": "Le mien, revu"}, version=opened)
    assert (answer.status_code, "Rien n’est enregistré" in answer.text) == (409, True)
    assert "Le mien, revu</textarea>" in answer.text
    if not change:
        assert texts(bench) == ["Le leur", "Leur <b>suite"]
        assert "«&nbsp;operator&nbsp;» a enregistré" in answer.text
        assert 'id="now-2">Leur &lt;b&gt;suite</p>' in answer.text
    # Whoever has seen it may replace it.
    again = browser.submit("/page/campaigns/1/edit", **MINE, category="Salon", version=version(answer.text))
    assert (again.status_code, texts(bench)) == (303, ["Le mien", "Merci"])


def test_a_mistake_in_the_form_does_not_hide_the_other_change(browser: Browser, bench: Bench) -> None:
    browser.log_in("admin")
    browser.submit("/page/imports", file=b"phone\n0639980001\n", category="Salon", consent="salon")
    browser.submit("/page/campaigns", **MINE, category="Salon")
    opened = version(browser.request("GET", "/page/campaigns/1/edit").text)
    bench.execute("UPDATE campaigns SET message_template = 'Le leur'")
    wrong = browser.submit("/page/campaigns/1/edit", **MINE | {"message": "{{ville}}"}, version=opened)
    assert (wrong.status_code, version(wrong.text)) == (422, opened)
    assert browser.submit("/page/campaigns/1/edit", **MINE, version=version(wrong.text)).status_code == 409
    assert texts(bench) == ["Le leur", "Merci"]
