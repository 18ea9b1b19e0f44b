import pytest

from system.domain.wakeups import DispatchCampaign, SendMessage
from system.locks import campaign_key, connect
from system.services.campaigns import Dispatched, create_campaign, dispatch, launch_campaign
from system.services.recovery import recover
from system.services.transitions import CampaignStateError
from tests.unit.system.bench import Bench


def test_one_message_1_for_each_distinct_contact(bench: Bench) -> None:
    campaign_id = create_campaign(bench.db, "name", "body", ["+33639980001", "+33 6 39 98 00 01", "+33639980002"])
    assert bench.ids(campaign_id) == []
    assert launch_campaign(bench.db, campaign_id) == [DispatchCampaign(campaign_id)]
    assert len(bench.ids(campaign_id)) == 2
    again = create_campaign(bench.db, "again", "body", ["+33639980001"])
    launch_campaign(bench.db, again)
    assert len(bench.ids(again)) == 1


@pytest.mark.parametrize(
    ("name", "body", "phone"), [("n", "b", "0639980001"), (" ", "b", "+33639980001"), ("n", "", "")]
)
def test_bad_input_creates_nothing(bench: Bench, name: str, body: str, phone: str) -> None:
    with pytest.raises(ValueError, match=r"phone|needs"):
        create_campaign(bench.db, name, body, [phone])
    assert bench.execute("SELECT id FROM campaigns") == []


def test_a_campaign_is_launched_once(bench: Bench) -> None:
    campaign_id = bench.campaign()
    with pytest.raises(CampaignStateError, match="neither a draft nor scheduled"):
        launch_campaign(bench.db, campaign_id)


def test_turns_take_each_message_once_and_keep_to_the_window(bench: Bench) -> None:
    campaign_id = bench.campaign(5)
    ids = bench.ids(campaign_id)
    first = dispatch(bench.db, bench.locks, campaign_id, batch_size=3)
    assert first == Dispatched(tuple(SendMessage(number) for number in ids[:3]), 0.5)
    bench.age(1)
    assert dispatch(bench.db, bench.locks, campaign_id, batch_size=3) == Dispatched((), 0.5)
    for number in ids[:3]:
        bench.sender().send(number)
    bench.age(1)
    assert dispatch(bench.db, bench.locks, campaign_id, batch_size=3).wake_ups == tuple(map(SendMessage, ids[3:]))
    bench.age(1)
    assert dispatch(bench.db, bench.locks, campaign_id, batch_size=3).again_in is None


def test_two_chains_become_one(bench: Bench) -> None:
    campaign_id = bench.campaign(5)
    assert dispatch(bench.db, bench.locks, campaign_id, batch_size=1).again_in == 0.5
    assert dispatch(bench.db, bench.locks, campaign_id, batch_size=1) == Dispatched((), None)


def test_while_another_turn_lives_nothing_is_dispatched(bench: Bench) -> None:
    campaign_id = bench.campaign()
    bench.locks.held.add(campaign_key(campaign_id))
    assert dispatch(bench.db, bench.locks, campaign_id, batch_size=1) == Dispatched((), None)
    assert bench.execute("SELECT dispatched_at FROM campaigns") == [{"dispatched_at": None}]


def test_without_redis_no_turn_is_taken_and_a_later_one_finds_everything(bench: Bench) -> None:
    campaign_id = bench.campaign()
    away = connect("redis://127.0.0.1:9/0")
    assert dispatch(bench.db, away, campaign_id, batch_size=1) == Dispatched((), None)
    away.close()
    bench.age(6)
    assert recover(bench.db, lease_seconds=30).campaign_ids == (campaign_id,)
    assert len(dispatch(bench.db, bench.locks, campaign_id, batch_size=1).wake_ups) == 1


def test_a_paused_campaign_is_not_dispatched(bench: Bench) -> None:
    campaign_id = bench.campaign()
    bench.execute("UPDATE campaigns SET status = 'paused'")
    assert dispatch(bench.db, bench.locks, campaign_id, batch_size=1) == Dispatched((), None)
