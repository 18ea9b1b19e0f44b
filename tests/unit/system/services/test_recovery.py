import pytest

from system.services.campaigns import dispatch
from system.services.recovery import recover
from tests.unit.system.bench import Bench


def found(bench: Bench) -> tuple[tuple[int, ...], tuple[int, ...]]:
    plan = recover(bench.db, lease_seconds=30)
    return plan.message_ids, plan.campaign_ids


def test_a_silent_dispatcher_is_woken_once(bench: Bench) -> None:
    campaign_id = bench.campaign(3)
    assert found(bench) == ((), ())
    bench.age(6)
    assert found(bench) == ((), (campaign_id,))
    assert found(bench) == ((), ())


def test_a_dispatcher_with_nothing_to_do_is_not_woken(bench: Bench) -> None:
    dispatch(bench.db, bench.locks, bench.campaign(3), batch_size=10)
    bench.age(6)
    assert found(bench) == ((), ())


def test_a_published_message_nobody_claimed_is_woken_again(bench: Bench) -> None:
    campaign_id = bench.campaign(2)
    dispatch(bench.db, bench.locks, campaign_id, batch_size=10)
    assert found(bench) == ((), ())
    bench.age(31)
    assert found(bench) == (tuple(bench.ids(campaign_id)), ())
    assert found(bench) == ((), ())
    bench.age(31)
    assert found(bench)[0] == tuple(bench.ids(campaign_id))


def test_a_message_of_a_dead_sender_is_woken_when_its_lease_ends(bench: Bench) -> None:
    campaign_id = bench.campaign()
    dispatch(bench.db, bench.locks, campaign_id, batch_size=10)
    bench.die_at_post()
    with pytest.raises(KeyboardInterrupt):
        bench.sender().send(bench.ids(campaign_id)[0])
    bench.age(29)
    assert found(bench) == ((), ())
    bench.age(2)
    assert found(bench) == (tuple(bench.ids(campaign_id)), ())


def test_a_paused_campaign_rests_but_its_doubts_are_settled(bench: Bench) -> None:
    campaign_id = bench.campaign(2)
    first, _second = bench.ids(campaign_id)
    dispatch(bench.db, bench.locks, campaign_id, batch_size=10)
    bench.die_at_post()
    with pytest.raises(KeyboardInterrupt):
        bench.sender().send(first)
    bench.execute("UPDATE campaigns SET status = 'paused'")
    bench.age(31)
    assert found(bench) == ((first,), ())
