"""Values used last stay in the cache, up to a total size."""

from hypothesis import given
from hypothesis import strategies as st

from audit.reading.python.lru_cache import LruCache

PUTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)))


def test_the_values_not_used_for_longest_make_room() -> None:
    cache: LruCache[str, int] = LruCache(3)
    for key in "abc":
        cache.put(key, 0, 1)
    assert cache.get("a") == 0
    cache.put("d", 0, 1)
    assert [key for key in "abcd" if key in cache] == ["a", "c", "d"]
    assert cache.get("b") is None


def test_the_latest_stays_whatever_its_size() -> None:
    cache: LruCache[str, str] = LruCache(3)
    cache.put("a", "small", 1)
    assert cache.put("b", "large", 9) == "large"
    assert ("a" in cache, "b" in cache) == (False, True)


@given(PUTS, st.integers(0, 20))
def test_the_sizes_never_add_up_to_more(puts: list[tuple[int, int]], most: int) -> None:
    cache: LruCache[int, int] = LruCache(most)
    sizes: dict[int, int] = {}
    for key, size in puts:
        cache.put(key, size, size)
        sizes[key] = size
        there = [s for k, s in sizes.items() if k in cache]
        assert sum(there) <= most or len(there) == 1
        assert key in cache


def test_a_second_value_of_a_key_counts_once() -> None:
    cache: LruCache[str, int] = LruCache(8)
    for value in range(5):
        cache.put("a", value, 4)
    cache.put("b", 0, 4)
    assert (cache.get("a"), cache.get("b")) == (4, 0)
    cache.put("a", 5, 8)
    assert (cache.get("a"), cache.get("b")) == (5, None)
