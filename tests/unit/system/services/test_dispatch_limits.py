"""What holds a dispatcher back: the device's pace, and pauses between batches."""

from dataclasses import dataclass

from system.db.dispatching import PUBLISHED
from system.domain.pacing import BatchPause
from system.services.campaigns import Dispatched, Limits, dispatch
from system.services.recovery import recover
from tests.unit.system.bench import Bench


@dataclass
class Tokens:
    """A pace that holds so many."""

    left: int
    seconds_a_message: float = 0.1

    def take(self, wanted: int) -> int:
        granted = min(self.left, wanted)
        self.left -= granted
        return granted

    def give_back(self, unused: int) -> None:
        self.left += unused


def turn(bench: Bench, campaign_id: int, limits: Limits) -> tuple[int, float | None]:
    bench.age(1)
    turned: Dispatched = dispatch(bench.db, bench.locks, campaign_id, batch_size=100, limits=limits)
    return sum(len(wake.message_ids) for wake in turned.wake_ups if hasattr(wake, "message_ids")), turned.again_in


def test_no_more_is_published_than_the_device_may_send(bench: Bench) -> None:
    campaign_id = bench.campaign(5)
    tokens = Tokens(3)
    assert turn(bench, campaign_id, Limits(pace=tokens)) == (3, 0.5)
    assert turn(bench, campaign_id, Limits(pace=tokens)) == (0, 0.5)
    tokens.left = 50
    assert turn(bench, campaign_id, Limits(pace=tokens)) == (2, None)
    assert tokens.left == 48


def test_a_slow_device_is_asked_again_before_the_recovery_thinks_its_dispatcher_dead(bench: Bench) -> None:
    campaign_id = bench.campaign(5)
    for seconds, again_in in ((0.01, 0.5), (2.0, 2.0), (600.0, 4.0)):
        assert turn(bench, campaign_id, Limits(pace=Tokens(0, seconds))) == (0, again_in)


def test_between_two_batches_the_campaign_rests(bench: Bench) -> None:
    campaign_id = bench.campaign(5)
    limits = Limits(batch_pause=BatchPause(2, 60))
    assert turn(bench, campaign_id, limits)[0] == 2
    assert turn(bench, campaign_id, limits) == (0, None)
    bench.age(20)
    assert recover(bench.db, lease_seconds=3600).campaign_ids == ()
    bench.execute("UPDATE campaigns SET rest_until = rest_until - interval '60 seconds'")
    assert recover(bench.db, lease_seconds=3600).campaign_ids == (campaign_id,)
    assert turn(bench, campaign_id, limits)[0] == 2
    bench.execute("UPDATE campaigns SET rest_until = rest_until - interval '60 seconds'")
    assert turn(bench, campaign_id, limits) == (1, None)


def test_counting_what_is_published_does_not_read_what_waits(bench: Bench) -> None:
    campaign_id = bench.campaign(3000)
    turn(bench, campaign_id, Limits())
    bench.execute("ANALYZE messages")
    with bench.db.transaction() as connection:
        row = connection.execute(f"EXPLAIN (FORMAT JSON) {PUBLISHED}".encode(), [campaign_id]).fetchone()
    assert "messages_published" in str(row)
