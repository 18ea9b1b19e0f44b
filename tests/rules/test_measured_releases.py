"""What the rule on releases reads of the measured table."""

from typing import Any

from audit.rules.measured_releases import broker_deaths, measured_releases


def _row(release: str, acks: str, back: float | None) -> dict[str, Any]:
    seen = {"back_seconds": back}
    place = {"release": release, "broker": "redis", "pool": "prefork", "acks": acks}
    return {**place, "scenarios": {"canary-broker-restarted": seen}}


def test_a_release_dies_where_one_of_its_workers_did_not_come_back() -> None:
    found = broker_deaths([_row("1.0", "early", 1.5), _row("1.0", "late", None), _row("1.1", "late", 2.0)])
    assert (found["1.0"].played, found["1.0"].died) == (2, ("redis/prefork/late",))
    assert found["1.1"].died == ()


def test_the_data_that_ship_have_both_kinds() -> None:
    assert measured_releases()["5.7.0"].died
    assert not measured_releases()["5.6.3"].died
