from hypothesis import given
from hypothesis import strategies as st

from audit.experiments.accounting import account
from audit.experiments.driver import Accepted

KEYS = st.frozensets(st.sampled_from("abcdef"))


def ledger(keys: str) -> list[Accepted]:
    return [Accepted(key, str(n), float(n)) for n, key in enumerate(keys)]


def test_everything_once_is_sound() -> None:
    assert account(frozenset("ab"), ledger("ba"), {}).sound


def test_nothing_expected_is_not_sound() -> None:
    assert not account(frozenset(), [], {}).sound


def test_each_wrong_is_named_by_key() -> None:
    result = account(frozenset("abcd"), ledger("aabz"), {"c": "pending", "d": "unknown"})
    assert result.duplicated == ("a",)
    assert result.lost == ("c",)
    assert result.uncertain == ("d",)
    assert result.unexpected == ("z",)
    assert result.accepted == 3
    assert not result.sound


def test_entries_of_before_do_not_count() -> None:
    assert account(frozenset("a"), ledger("aa"), {}, before=1).sound


@given(KEYS, st.text(alphabet="abcdefz", max_size=12))
def test_the_account_is_a_partition(expected: frozenset[str], keys: str) -> None:
    result = account(expected, ledger(keys), {})
    once = {k for k in expected if keys.count(k) == 1}
    assert once | set(result.duplicated) | set(result.lost) | set(result.uncertain) == expected
    assert set(result.unexpected) == set(keys) - expected
