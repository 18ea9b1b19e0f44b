"""The daily limit, the pace, the pauses between batches, and what a spike of errors is."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.domain.counters import DayCounters
from system.domain.daily_limit import DailyLimit, LimitLevel
from system.domain.error_spike import ErrorSpike
from system.domain.pacing import BatchPause, Rate

DAY = date(2026, 1, 1)


def counted(message_1: int, message_2: int = 0) -> DayCounters:
    return DayCounters(DAY, message_1, message_2, 0)


@pytest.mark.parametrize(
    ("used", "level"),
    [
        (0, "ok"),
        (749, "ok"),
        (750, "attention"),
        (899, "attention"),
        (900, "danger"),
        (999, "danger"),
        (1000, "blocked"),
    ],
)
def test_levels_change_at_75_90_and_100_per_cent(used: int, level: str) -> None:
    for message_2 in (0, used // 2, used):
        assert DailyLimit(1000).level(counted(used - message_2, message_2)) is LimitLevel(level)


def test_an_empty_limit_is_full() -> None:
    assert DailyLimit(0).level(counted(0)) is LimitLevel.BLOCKED


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_message_1_leaves_the_reserved_part(total: int, message_1: int, message_2: int) -> None:
    left = DailyLimit(total).left_for_message_1(counted(message_1, message_2))
    if left:
        assert message_1 + left <= total * 0.8 + 1
        assert message_1 + message_2 + left <= total


def test_a_fifth_of_a_thousand_is_kept_for_message_2() -> None:
    assert DailyLimit(1000).most_message_1 == 800
    assert DailyLimit(1000).left_for_message_1(counted(700, 250)) == 50


@given(
    st.floats(0.01, 100),
    st.floats(1, 50),
    st.lists(st.tuples(st.floats(0, 60), st.integers(0, 30)), max_size=60),
)
def test_over_any_time_no_more_leave_than_the_rate_and_one_burst(
    per_second: float, burst: float, asked: list[tuple[float, int]]
) -> None:
    rate = Rate(per_second, burst)
    tokens, left, elapsed = 0.0, 0, 0.0
    for seconds, wanted in asked:
        tokens = rate.refill(tokens, seconds)
        granted = rate.granted(tokens, wanted)
        tokens -= granted
        left, elapsed = left + granted, elapsed + seconds
        assert 0 <= granted <= wanted
        assert left <= per_second * elapsed + 1e-6
        assert granted <= burst


def test_a_debt_is_paid_before_anything_leaves() -> None:
    rate = Rate(1.0, 2.0)
    assert rate.granted(rate.refill(-3.0, 3.5), 5) == 0
    assert rate.granted(rate.refill(-3.0, 4.0), 5) == 1
    assert rate.refill(1.0, -5.0) == 1.0


def test_a_batch_ends_where_its_pause_begins() -> None:
    pause = BatchPause(10, 60)
    assert (pause.allowed(0, 100), pause.allowed(7, 100), pause.allowed(7, 2), pause.allowed(12, 5)) == (10, 3, 2, 0)
    assert [pause.is_due(taken) for taken in (9, 10, 11)] == [False, True, True]


@pytest.mark.parametrize(
    ("failed", "sent", "stops"), [(19, 0, False), (20, 0, True), (20, 46, True), (20, 47, False), (300, 700, False)]
)
def test_single_failures_are_no_spike(failed: int, sent: int, stops: bool) -> None:
    assert ErrorSpike().stops(failed=failed, sent=sent) is stops
