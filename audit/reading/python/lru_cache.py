"""A size-bounded cache of values that can be made again."""

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class LruCache(Generic[Key, Value]):
    """The values used last, whose sizes add up to `most`; the latest stays whatever its size."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._size = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._values

    def get(self, key: Key) -> Value | None:
        """The value under this key, now the latest used; None where there is none."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def put(self, key: Key, value: Value, size: int) -> Value:
        """Add a value as the latest used, drop those not used for longest, and return it."""
        _, replaced = self._values.pop(key, (None, 0))
        self._values[key] = value, size
        self._size += size - replaced
        while self._size > self._most and len(self._values) > 1:
            _, (_, dropped) = self._values.popitem(last=False)
            self._size -= dropped
        return value
