from hypothesis import given
from hypothesis import strategies as st

from system.domain.campaign_statistics import CampaignStatistics

STATES = ["waiting", "sent", "delivered", "read", "failed", "undelivered", "opted_out", "cancelled"]
NAMES = [f"{kind}.{state}" for kind in ("message_1", "message_2") for state in STATES]
counts = st.dictionaries(st.sampled_from([*NAMES, "interactions", "answered", "outcome.failed"]), st.integers(0, 1000))


@given(counts)
def test_every_message_is_counted_once(counts: dict[str, int]) -> None:
    found = CampaignStatistics.of(counts)
    undelivered = sum(counts.get(f"{kind}.undelivered", 0) for kind in ("message_1", "message_2"))
    total = sum(counts.get(name, 0) for name in NAMES)
    assert found.sent + found.pending + found.failed - undelivered + found.opted_out + found.cancelled == total
    assert found.sent_message_1 + found.sent_message_2 == found.sent
    assert found.contacts == sum(counts.get(name, 0) for name in NAMES if name.startswith("message_1"))
    assert found.read <= found.delivered <= found.sent


@given(counts)
def test_rates_are_shares(counts: dict[str, int]) -> None:
    found = CampaignStatistics.of({name: value for name, value in counts.items() if name != "answered"})
    for rate in (found.delivery_rate, found.read_rate, found.answer_rate, found.failure_rate):
        assert rate is None or 0 <= rate <= 1


def test_of_nothing_there_is_no_rate() -> None:
    assert CampaignStatistics.of({}).delivery_rate is None
