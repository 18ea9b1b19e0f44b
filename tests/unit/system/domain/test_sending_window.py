from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.domain.sending_window import SendingWindow

# Zones whose hour changes at different times, one by half an hour, and the edges of the map.
ZONES: list[tzinfo] = [
    UTC,
    *(ZoneInfo(name) for name in ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati")),
    timezone(timedelta(hours=-12)),
]
moments = st.datetimes(datetime(2015, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(ZONES)
DAY = timedelta(hours=24)


@given(moments, st.integers(0, 23 * 3600), zones, zones, zones, st.sampled_from([0, -1, 1]))
def test_it_is_over_at_24_hours_to_the_second_whatever_the_zones(
    message_1: datetime, inbound_after: int, zone_1: tzinfo, zone_2: tzinfo, zone_3: tzinfo, second: int
) -> None:
    """Model: seconds since the epoch, which know neither zones nor changes of hour."""
    inbound = message_1 + timedelta(seconds=inbound_after)
    window = SendingWindow(message_1.astimezone(zone_1), inbound.astimezone(zone_2))
    now = (message_1 + DAY + timedelta(seconds=second)).astimezone(zone_3)
    assert window.is_open(now) == (now.timestamp() - message_1.timestamp() < 86_400)


@given(moments, moments, moments, zones)
def test_both_rules_hold(message_1: datetime, inbound: datetime, now: datetime, zone: tzinfo) -> None:
    window = SendingWindow(message_1.astimezone(zone), inbound.astimezone(zone))
    ages = [now.timestamp() - moment.timestamp() for moment in (message_1, inbound)]
    assert window.is_open(now.astimezone(zone)) == (max(ages) < 86_400)


def test_a_night_of_23_hours_has_24_hours_all_the_same() -> None:
    paris = ZoneInfo("Europe/Paris")
    evening = datetime(2026, 3, 28, 12, tzinfo=paris)
    window = SendingWindow(evening, evening)
    assert window.is_open(datetime(2026, 3, 29, 12, 59, 59, tzinfo=paris))
    assert not window.is_open(datetime(2026, 3, 29, 13, tzinfo=paris))


@pytest.mark.parametrize("known", [0, 1])
def test_without_both_times_it_never_opens(known: int) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    times = [now if index == known else None for index in range(2)]
    assert not SendingWindow(*times).is_open(now)
