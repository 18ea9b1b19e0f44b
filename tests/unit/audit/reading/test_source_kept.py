from hypothesis import given
from hypothesis import strategies as st

from audit.reading.python.lru_cache import Kept

PUTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), unique_by=lambda put: put[0])


def test_the_values_not_used_for_longest_make_room() -> None:
    kept: Kept[str, int] = Kept(3)
    for key in "abc":
        kept.put(key, 0, 1)
    assert kept.get("a") == 0
    kept.put("d", 0, 1)
    assert [key for key in "abcd" if key in kept] == ["a", "c", "d"]
    assert kept.get("b") is None


def test_the_latest_is_kept_whatever_its_size() -> None:
    kept: Kept[str, str] = Kept(3)
    kept.put("a", "small", 1)
    assert kept.put("b", "large", 9) == "large"
    assert ("a" in kept, "b" in kept) == (False, True)


@given(PUTS, st.integers(0, 20))
def test_the_sizes_never_add_up_to_more(puts: list[tuple[int, int]], most: int) -> None:
    kept: Kept[int, int] = Kept(most)
    for key, size in puts:
        kept.put(key, size, size)
        there = [s for k, s in puts if k in kept]
        assert sum(there) <= most or len(there) == 1
        assert key in kept
