"""A campaign about to be closed."""

from datetime import timedelta

from system.gateway.outcomes import Refused
from tests.criteria.inbound import deliver, from_person
from tests.unit.system.bench import Bench

DAY = timedelta(hours=24)


def later(bench: Bench, by: timedelta) -> None:
    bench.clock.now += by


def ended_in_every_way(bench: Bench) -> int:
    """A campaign of five contacts, one for each final state, at the moment when the last of them is about to end."""
    campaign_id = bench.campaign(5)
    ids = bench.ids(campaign_id)
    for number in ids[:3]:
        bench.sender().send(number)
    bench.gateway.answers.append(Refused("HTTP 400", retryable=False))
    bench.sender().send(ids[3])
    bench.sender().send(ids[4])
    (woken,) = deliver(bench, from_person(0), at=bench.clock.now)
    bench.sender().send(woken.message_id)
    assert deliver(bench, from_person(4, "STOP"), at=bench.clock.now) == []
    later(bench, DAY)
    assert deliver(bench, from_person(1), at=bench.clock.now) == []
    return campaign_id
