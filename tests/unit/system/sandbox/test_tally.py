from datetime import UTC, datetime, timedelta

from system.sandbox.gateway_protocol import LedgerEntry
from system.sandbox.tally import longest_silence, tally

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def entry(seq: int, phone: str) -> LedgerEntry:
    return LedgerEntry(
        seq=seq,
        id=f"{seq:024x}",
        waId=f"3EB0{seq}",
        reference=f"m-{seq}",
        phone=phone,
        device=None,
        message="x",
        received_at=MOMENT,
        accepted_at=MOMENT + timedelta(seconds=seq * seq),
    )


def test_each_contact_once() -> None:
    counted = tally(["+1", "+2"], [entry(1, "+2"), entry(2, "+1")])
    assert (counted.asked, counted.accepted, counted.distinct, counted.exactly_once) == (2, 2, 2, True)


def test_one_twice_and_one_missing_do_not_make_up_for_each_other() -> None:
    counted = tally(["+1", "+2"], [entry(1, "+2"), entry(2, "+2")])
    assert (counted.accepted, counted.distinct) == (2, 1)
    assert (counted.twice, counted.missing) == (("+2",), ("+1",))
    assert not counted.exactly_once


def test_somebody_else_s_sends_do_not_count() -> None:
    counted = tally(["+1"], [entry(1, "+1"), entry(2, "+9")])
    assert (counted.accepted, counted.exactly_once) == (1, True)


def test_the_longest_silence_is_between_two_acceptances_in_a_row() -> None:
    assert longest_silence([entry(1, "+1"), entry(2, "+2"), entry(3, "+3")]) == 5.0
    assert longest_silence([entry(1, "+1")]) == longest_silence([]) == 0.0
