"""After a restore nothing is sent twice: what has left since is found by its reference."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from system.services.campaigns import create_campaign
from system.services.reconciling import Reconciled, reconcile
from system.services.scheduling import schedule_campaign
from tests.unit.system.bench import Bench

pytestmark = pytest.mark.real
ZONE = ZoneInfo("UTC")


def restored(bench: Bench) -> list[int]:
    """Four messages, of which two left after the backup that the rows are now as in."""
    ids = bench.ids(bench.campaign(4))
    for message_id in ids[:2]:
        bench.sender().send(message_id)
    bench.execute(
        """UPDATE messages SET status = 'pending', gateway_id = NULL, wa_id = NULL, sent_at = NULL, quota_day = NULL,
           lease_token = NULL, lease_until = NULL"""
    )
    bench.execute("DELETE FROM daily_counters")
    bench.execute("UPDATE messages SET status = 'failed' WHERE id = %s", ids[0])
    return ids


def asked(bench: Bench) -> Reconciled:
    return reconcile(bench.db, bench.gateway, zone=ZONE, actor="cli", clock=bench.clock.utc)


def test_what_has_left_is_recorded_and_the_rest_leaves_once(bench: Bench) -> None:
    ids = restored(bench)
    assert asked(bench) == Reconciled(4, 2, 0, ())
    assert [bench.message(message_id).status for message_id in ids] == ["sent", "sent", "pending", "pending"]
    assert bench.execute("SELECT sum(message_1) AS sent FROM daily_counters") == [{"sent": 2}]
    for message_id in ids:
        bench.sender().send(message_id)
    assert len(bench.gateway.accepted) == 4
    assert asked(bench) == Reconciled(0, 0, 0, ())


def test_without_it_they_would_leave_twice(bench: Bench) -> None:
    for message_id in restored(bench):
        bench.sender().send(message_id)
    assert len(bench.gateway.accepted) == 5


def test_what_the_gateway_does_not_tell_is_asked_about_before_it_is_sent(bench: Bench) -> None:
    ids = restored(bench)
    bench.gateway.reachable = False
    assert asked(bench) == Reconciled(4, 0, 4, ())
    bench.gateway.reachable = True
    for message_id in ids[1:]:
        bench.sender().send(message_id)
    assert len(bench.gateway.accepted) == 4


def test_a_scheduled_campaign_is_a_draft_again(bench: Bench) -> None:
    campaign_id = create_campaign(bench.db, "name", "body", ["+33639980001"])
    schedule_campaign(bench.db, campaign_id, datetime.now(UTC) + timedelta(days=1))
    assert asked(bench).unscheduled == (campaign_id,)
    assert bench.execute("SELECT status FROM campaigns") == [{"status": "draft"}]
