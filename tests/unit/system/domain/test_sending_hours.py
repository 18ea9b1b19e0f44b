"""When a Message 1 may leave, over both clock changes too."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from system.domain.daily_limit import next_day
from system.domain.sending_hours import SendingHours

PARIS = ZoneInfo("Europe/Paris")
OFFICE = SendingHours.parse("08:00-20:00", "Europe/Paris")


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        # Winter: Paris is an hour ahead; the first minute belongs to the hours, the last does not.
        ("2026-01-15T06:59:59", "2026-01-15T07:00:00"),
        ("2026-01-15T07:00:00", None),
        ("2026-01-15T18:59:59", None),
        ("2026-01-15T19:00:00", "2026-01-16T07:00:00"),
        ("2026-01-15T23:30:00", "2026-01-16T07:00:00"),
        # Summer: two hours.
        ("2026-07-15T05:59:59", "2026-07-15T06:00:00"),
        ("2026-07-15T06:00:00", None),
        ("2026-07-15T18:00:00", "2026-07-16T06:00:00"),
        # The nights of both clock changes.
        ("2026-03-28T22:00:00", "2026-03-29T06:00:00"),
        ("2026-10-24T22:00:00", "2026-10-25T07:00:00"),
    ],
)
def test_what_may_not_leave_now_leaves_at_the_next_opening(now: str, opens: str | None) -> None:
    moment = utc(now)
    assert OFFICE.let_leave(moment) == (opens is None)
    assert OFFICE.next_opening(moment) == (moment if opens is None else utc(opens))


def test_hours_that_a_clock_change_skips_open_after_it() -> None:
    early = SendingHours.parse("02:30-20:00", "Europe/Paris")
    opening = early.next_opening(utc("2026-03-28T23:30:00"))
    assert opening == utc("2026-03-29T01:30:00")
    assert early.let_leave(opening)


def test_always_is_always() -> None:
    always = SendingHours.parse("00:00-24:00", "Asia/Kathmandu")
    assert all(always.let_leave(utc("2026-03-29T00:00:00") + timedelta(minutes=7 * n)) for n in range(300))


@pytest.mark.parametrize("hours", ["8-20", "20:00-08:00", "08:00-08:00", "08:00-24:30", "", "08:00 - 20:00"])
def test_hours_that_say_nothing_are_refused(hours: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        SendingHours.parse(hours, "Europe/Paris")


@pytest.mark.parametrize("zone", ["Paris", "../etc/passwd", ""])
def test_a_zone_that_does_not_exist_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="no such time zone"):
        SendingHours.parse("08:00-20:00", zone)


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        ("2026-01-15T22:59:59", "2026-01-15T23:00:00"),
        ("2026-01-15T23:00:00", "2026-01-16T23:00:00"),
        ("2026-03-29T12:00:00", "2026-03-29T22:00:00"),
        ("2026-10-25T12:00:00", "2026-10-25T23:00:00"),
    ],
)
def test_the_days_of_the_limit_are_those_of_the_zone(now: str, midnight: str) -> None:
    assert next_day(utc(now), PARIS) == utc(midnight)
