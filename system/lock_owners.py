"""Who owns a lock, and whether that process lives: it shows itself in Redis for as long as it holds one."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from threading import Event, Lock, Thread

import redis

# Missed twice in a row, an owner counts as dead.
OWNER_TTL_SECONDS = 6
BEAT_SECONDS = 2.0
OWNER_PREFIX = "lock:owner:"


class LockOwner:
    """This process as an owner of locks; a thread shows that it lives while it holds any."""

    def __init__(self, client: "redis.Redis", *, beat_seconds: float = BEAT_SECONDS) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
        self._client = client
        self._beat_seconds = beat_seconds
        self._guard = Lock()
        self._held = 0
        self._closed = Event()
        self._thread: Thread | None = None

    @property
    def heartbeat_key(self) -> str:
        """The key that exists while this owner lives."""
        return OWNER_PREFIX + self.name

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Shows that this process lives until the block ends."""
        with self._guard:
            self._held += 1
            if self._thread is None:
                self._thread = Thread(target=self._run, name="lock-owner", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._guard:
                self._held -= 1

    def beat(self) -> None:
        """Shows once that this process lives, if Redis can be told."""
        try:
            self._client.set(self.heartbeat_key, "1", ex=OWNER_TTL_SECONDS)
        except redis.RedisError:
            return  # the next one may be heard

    def close(self) -> None:
        """Ends the thread."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(timeout=2 * self._beat_seconds)

    def _run(self) -> None:
        while not self._closed.wait(self._beat_seconds):
            if self._held:
                self.beat()
