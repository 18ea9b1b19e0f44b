from collections import deque
from datetime import timedelta

import pytest

from system.gateway.outcomes import AccountStopped, NumberChecked, NumberOutcome, Uncertain
from system.services.verification import BATCH, Verified, verify_contact, verify_some
from tests.unit.system.bench import Bench

pytestmark = pytest.mark.real


class FakeBook:
    def __init__(self, *answers: NumberOutcome) -> None:
        self.answers = deque(answers)
        self.asked: list[str] = []

    def number_exists(self, phone: str) -> NumberOutcome:
        self.asked.append(phone)
        return self.answers.popleft() if self.answers else NumberChecked(exists=True)


@pytest.fixture
def people(bench: Bench) -> list[int]:
    rows = bench.execute(
        """INSERT INTO contacts (phone) SELECT '+3363998' || to_char(n, 'FM0000') FROM generate_series(1, 25) AS n RETURNING id"""
    )
    return [int(str(row["id"])) for row in rows]


def statuses(bench: Bench) -> dict[str, int]:
    rows = bench.execute("SELECT whatsapp_status AS s, count(*) AS n FROM contacts GROUP BY 1")
    return {str(row["s"]): int(str(row["n"])) for row in rows}


def turn(bench: Bench, book: FakeBook, *, after: int = 0, category: str | None = None, seconds: float = 9) -> Verified:
    return verify_some(bench.db, book, bench.clock.monotonic, after=after, category=category, seconds=seconds)


def test_every_number_is_asked_about_once(bench: Bench, people: list[int]) -> None:
    book = FakeBook(NumberChecked(exists=False))
    first = turn(bench, book)
    assert first == Verified(valid=BATCH - 1, invalid=1, next_after=people[BATCH - 1])
    second = turn(bench, book, after=first.next_after or 0)
    assert second == Verified(valid=5)
    assert turn(bench, book) == Verified()
    assert statuses(bench) == {"valid": 24, "invalid": 1}
    assert len(set(book.asked)) == len(book.asked) == 25


def test_only_a_category(bench: Bench, people: list[int]) -> None:
    bench.execute("INSERT INTO categories (name) VALUES ('Lyon')")
    bench.execute("INSERT INTO contact_categories SELECT k.id, %s FROM categories k", people[7])
    book = FakeBook()
    assert turn(bench, book, category="Lyon") == Verified(valid=1)
    assert book.asked == ["+33639980008"]


def test_what_the_gateway_does_not_know_stays_unknown(bench: Bench, people: list[int]) -> None:
    silence = Uncertain("HTTP 500")
    book = FakeBook(silence, silence, NumberChecked(exists=True), silence, silence, silence)
    assert turn(bench, book) == Verified(valid=1, undecided=5, stopped="HTTP 500")
    assert statuses(bench) == {"unknown": 24, "valid": 1}


def test_a_stopped_account_ends_it(bench: Bench, people: list[int]) -> None:
    book = FakeBook(AccountStopped("HTTP 402"))
    assert turn(bench, book) == Verified(stopped="HTTP 402")
    assert len(book.asked) == 1


def test_a_turn_has_its_time(bench: Bench, people: list[int]) -> None:
    assert turn(bench, FakeBook(), seconds=-1) == Verified(valid=1, next_after=people[0])


def test_one_contact_is_asked_about_again(bench: Bench, people: list[int]) -> None:
    assert verify_contact(bench.db, FakeBook(), people[0], clock=bench.clock.utc) == NumberChecked(exists=True)
    bench.clock.now += timedelta(hours=1)
    verify_contact(bench.db, FakeBook(NumberChecked(exists=False)), people[0], clock=bench.clock.utc)
    assert statuses(bench) == {"unknown": 24, "invalid": 1}
    bench.clock.now -= timedelta(minutes=30)
    verify_contact(bench.db, FakeBook(), people[0], clock=bench.clock.utc)
    assert statuses(bench) == {"unknown": 24, "invalid": 1}


def test_there_is_nothing_to_ask_about_nobody(bench: Bench) -> None:
    assert verify_contact(bench.db, FakeBook(), 1) is None
