"""The day's counters in Redis, on the fake and on the real servers."""

from datetime import date

import redis

from system import redis_client
from system.daily_counters import SharedCounters
from system.domain.counters import DayCounters

DAY = date(2025, 12, 29)


def test_the_counters_of_a_day_are_readable_for_48_hours(client: "redis.Redis") -> None:
    shared = SharedCounters(client)
    assert shared.publish([DayCounters(DAY, 1, 2, 3)])
    assert shared.publish([DayCounters(DAY, 4, 5, 3), DayCounters(date(2025, 12, 30), 0, 0, 0)])
    found = {key.decode(): client.get(key) for key in client.scan_iter("whatsapp:daily:2025-12-29:*")}
    assert found == {
        "whatsapp:daily:2025-12-29:message_1": b"4",
        "whatsapp:daily:2025-12-29:message_2": b"5",
        "whatsapp:daily:2025-12-29:errors": b"3",
    }
    assert {172_790 <= client.ttl(key) <= 172_800 for key in client.scan_iter("whatsapp:daily:*")} == {True}
    assert len(list(client.scan_iter("whatsapp:daily:*"))) == 6


def test_without_redis_nothing_is_published_and_nothing_fails() -> None:
    shared = SharedCounters(redis_client.connect("redis://127.0.0.1:9/0"))
    assert not shared.publish([DayCounters(DAY, 1, 2, 3)])
    shared.close()
