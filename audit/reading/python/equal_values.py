"""Whether two abstract values are known to be equal."""

from audit.reading.python.abstract_values import Overridable, Value

_MOST_COMPARISONS = 20_000


def same(one: Value, other: Value) -> bool:
    """Whether two values are known to be equal."""
    return _equal(one, other, [_MOST_COMPARISONS])


def _equal(one: Value, other: Value, left: list[int]) -> bool:
    """Equality within a number of comparisons: nested containers may share their parts without end."""
    left[0] -= 1
    if one is other or left[0] < 0:
        return one is other
    if isinstance(one, Overridable) and isinstance(other, Overridable):
        return one.variable == other.variable and _equal(one.value, other.value, left)
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key], left) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(_equal(a, b, left) for a, b in zip(one, other, strict=True))
    return bool(one == other)
