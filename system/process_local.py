"""One resource a process: opened at first use, never shared through fork()."""

import os
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class ProcessLocal(Generic[T]):
    """Holds what `factory` makes, once for each process that asks."""

    def __init__(self, factory: Callable[[], T], close: Callable[[T], None]) -> None:
        self._factory = factory
        self._close = close
        self._lock = Lock()
        self._made: tuple[int, T] | None = None
        # Destroying an inherited connection would speak on the parent's socket.
        self._inherited: list[T] = []

    def get(self) -> T:
        """The resource of this process; raises what the factory raises."""
        with self._lock:
            if self._made is not None:
                pid, resource = self._made
                if pid == os.getpid():
                    return resource
                self._inherited.append(resource)
            resource = self._factory()
            self._made = (os.getpid(), resource)
            return resource

    def close(self) -> None:
        """Closes the resource if this process has opened it; the next `get` opens another."""
        with self._lock:
            if self._made is not None and self._made[0] == os.getpid():
                self._close(self._made[1])
                self._made = None
