"""What was made and may be made again, kept up to a total size."""

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """The values used last, whose sizes add up to `most`; the latest is kept whatever its size."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._held = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._values

    def get(self, key: Key) -> Value | None:
        """The value kept under this key, now the latest used; None where it is not kept."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def put(self, key: Key, value: Value, size: int) -> Value:
        """Keep a value, in place of those not used for longest, and return it."""
        self._values[key] = value, size
        self._held += size
        while self._held > self._most and len(self._values) > 1:
            _, (_, freed) = self._values.popitem(last=False)
            self._held -= freed
        return value
