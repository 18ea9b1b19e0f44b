"""Passwords, kept as Argon2id hashes (RFC 9106)."""

from functools import cached_property
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 128
# Each takes 64 MiB for its time: more at once would let strangers fill the memory.
AT_ONCE = 2


class PasswordError(ValueError):
    """The password cannot be taken."""


class Passwords:
    """Hashes and verifies."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = BoundedSemaphore(AT_ONCE)

    @cached_property
    def _of_nobody(self) -> str:
        return self._hasher.hash("nobody")

    def hash(self, password: str) -> str:
        """The hash to keep.

        Raises:
            PasswordError: when it is shorter than 12 or longer than 128 characters.

        """
        if not SHORTEST <= len(password) <= LONGEST:
            raise PasswordError(f"a password has {SHORTEST} to {LONGEST} characters")
        with self._turns:
            return self._hasher.hash(_bytes(password))

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password; without a hash the answer is no, and takes as long."""
        with self._turns:
            try:
                return (
                    self._hasher.verify(password_hash or self._of_nobody, _bytes(password))
                    and password_hash is not None
                )
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)


def _bytes(password: str) -> bytes:
    # JSON may hold half of a surrogate pair, which UTF-8 does not know.
    return password.encode("utf-8", "surrogatepass")
