"""How long one process owns a message, and until when it may still start a POST."""

from dataclasses import dataclass

# Connecting and writing are given this share of the read timeout, each.
CONNECT_SHARE = 0.25
WRITE_SHARE = 0.25


@dataclass(frozen=True)
class Lease:
    """A lease of `seconds` around requests whose read timeout is `gateway_timeout_seconds`."""

    seconds: float
    gateway_timeout_seconds: float

    @property
    def longest_request(self) -> float:
        """Seconds one request may last: connecting, writing, and waiting for the answer."""
        return self.gateway_timeout_seconds * (1 + CONNECT_SHARE + WRITE_SHARE)

    @property
    def time_to_prepare(self) -> float:
        """Seconds after the claim during which a POST may still start and end within the lease."""
        return self.seconds - self.longest_request

    def allows_post(self, *, claimed_at: float, now: float) -> bool:
        """Whether a POST started `now` ends before another process may take the message over (monotonic seconds)."""
        return now - claimed_at < self.time_to_prepare
