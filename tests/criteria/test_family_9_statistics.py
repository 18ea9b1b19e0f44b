"""Statistics. How long they take is measured by `audit run --family 9` and the benchmarks; here, what they read."""

import json

import pytest

from system.db.campaign_counts import COUNTS
from system.domain.campaign_statistics import CampaignStatistics
from system.services.campaigns import create_campaign, launch_campaign
from system.services.closing import close_finished_campaigns, expire
from system.services.statistics import fold, show
from tests.criteria.closing import DAY, ended_in_every_way, later
from tests.criteria.inbound import acknowledged, deliver, from_person
from tests.unit.system.bench import Bench

pytestmark = pytest.mark.real


def statistics(bench: Bench, campaign_id: int) -> CampaignStatistics:
    return show(bench.db, campaign_id).statistics


def big_campaign(bench: Bench, contacts: int) -> int:
    """A launched campaign of so many contacts, of which a third have been sent to."""
    bench.execute(
        """INSERT INTO contacts (phone, opted_in_at, opt_in_source)
           SELECT '+336' || lpad(n::text, 8, '0'), now(), 'test' FROM generate_series(1, %s) AS n""",
        contacts,
    )
    bench.execute("INSERT INTO categories (name) VALUES ('all')")
    bench.execute("INSERT INTO contact_categories SELECT g.id, p.id FROM categories AS g, contacts AS p")
    campaign_id = create_campaign(bench.db, "big", "body", categories=["all"])
    launch_campaign(bench.db, campaign_id)
    bench.execute(
        """UPDATE messages SET status = 'sent', sent_at = now(), gateway_id = 'g' || id, wa_id = 'w' || id
           WHERE mod(id, 3) = 0"""
    )
    return campaign_id


def nodes(plan: object) -> list[dict[str, object]]:
    if isinstance(plan, list):
        return [found for part in plan for found in nodes(part)]
    assert isinstance(plan, dict)
    return [plan, *nodes(plan.get("Plans", []))]


@pytest.fixture
def plan(bench: Bench) -> list[dict[str, object]]:
    """How PostgreSQL answers for a campaign of 10 001 contacts, beside another."""
    bench.campaign(3)
    campaign_id = big_campaign(bench, 10_001)
    fold(bench.db)
    bench.execute("ANALYZE")
    with bench.db.transaction() as connection:
        statement = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {COUNTS}"
        row = connection.execute(statement.encode(), {"id": campaign_id}).fetchone()
    assert row is not None
    found = row["QUERY PLAN"]
    return nodes([part["Plan"] for part in (json.loads(found) if isinstance(found, str) else found)])


def test_9_1_the_answer_costs_a_handful_of_pages(plan: list[dict[str, object]]) -> None:
    pages = plan[0]["Shared Hit Blocks"], plan[0]["Shared Read Blocks"]
    assert sum(int(str(number)) for number in pages) < 200


def test_9_2_it_gives_the_eight_figures(bench: Bench) -> None:
    campaign_id = bench.campaign(5)
    ids = bench.ids(campaign_id)
    for number in ids[:4]:
        bench.sender().send(number)
    (woken,) = deliver(bench, from_person(0))
    bench.sender().send(woken.message_id)
    deliver(bench, from_person(0))
    for number, word in zip(ids, ("read", "delivered", "failed"), strict=False):
        deliver(bench, acknowledged(gateway_id=bench.message(number).gateway_id, word=word))
    found = statistics(bench, campaign_id)
    assert (found.contacts, found.sent, found.delivered, found.read) == (5, 5, 2, 1)
    assert (found.interactions, found.answered, found.failed, found.pending) == (2, 1, 1, 1)
    assert (found.delivery_rate, found.read_rate) == (0.4, 0.2)
    assert (found.answer_rate, found.failure_rate) == (0.25, 0.2)


def test_9_3_a_send_is_seen_by_the_next_question(bench: Bench) -> None:
    campaign_id = bench.campaign(3)
    for sent, number in enumerate(bench.ids(campaign_id)):
        assert (statistics(bench, campaign_id).sent, statistics(bench, campaign_id).pending) == (sent, 3 - sent)
        bench.sender().send(number)
        if sent == 1:
            fold(bench.db)
    assert statistics(bench, campaign_id).sent == 3


def test_9_4_above_10_000_contacts_the_figures_come_from_aggregates(plan: list[dict[str, object]]) -> None:
    read = {str(node["Relation Name"]) for node in plan if "Relation Name" in node}
    assert read == {"campaign_counts", "campaign_changes"}


def test_9_4_the_aggregates_are_what_a_full_count_would_find(bench: Bench) -> None:
    campaign_id = big_campaign(bench, 300)
    for step in range(2):
        found = statistics(bench, campaign_id)
        assert (found.contacts, found.sent, found.pending) == (300, 100, 200), step
        assert fold(bench.db) == (0 if step else 2)
    assert bench.execute("SELECT count(*) FROM campaign_changes") == [{"count": 0}]


def test_9_5_once_closed_they_stay_as_they_were(bench: Bench) -> None:
    campaign_id = ended_in_every_way(bench)
    expire(bench.db, bench.clock.utc)
    close_finished_campaigns(bench.db, bench.clock.utc)
    before = show(bench.db, campaign_id)
    wa_id = bench.message(bench.ids(campaign_id)[0]).wa_id
    later(bench, DAY)
    deliver(bench, from_person(0), acknowledged(wa_id=wa_id, word="read"), at=bench.clock.now)
    fold(bench.db)
    assert bench.message(bench.ids(campaign_id)[0]).status == "read"
    assert show(bench.db, campaign_id) == before
    assert before.frozen
