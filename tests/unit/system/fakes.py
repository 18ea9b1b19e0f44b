"""A gateway in memory, and a clock that is told the time."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from system.gateway.outcomes import Accepted, LookupOutcome, NotFound, Outgoing, PostOutcome, Uncertain


class FakeGateway:
    """Accepts everything, unless `answers` says otherwise; `accepted` is its ledger of references."""

    def __init__(self) -> None:
        self.accepted: list[str] = []
        self.posts: list[Outgoing] = []
        self.answers: deque[PostOutcome | str] = deque()
        self.reachable = True
        self.lookups = 0
        self.before_post: Callable[[], None] = lambda: None

    def post(self, message: Outgoing) -> PostOutcome:
        self.posts.append(message)
        self.before_post()
        answer = self.answers.popleft() if self.answers else "accept"
        if not isinstance(answer, str):
            return answer
        self.accepted.append(message.reference)
        if answer == "lose the answer":
            return Uncertain("read timeout")
        return self._known(message.reference)

    def find_by_reference(self, reference: str) -> LookupOutcome:
        self.lookups += 1
        if not self.reachable:
            return Uncertain("unreachable")
        return self._known(reference) if reference in self.accepted else NotFound()

    def _known(self, reference: str) -> Accepted:
        return Accepted(f"id-{self.accepted.index(reference)}-{reference}", f"wa-{reference}")


class FakeClock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.ticks = 1000.0

    def utc(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.ticks


class FakeLocks:
    """Locks that are free, unless `held` names them."""

    def __init__(self) -> None:
        self.held: set[str] = set()

    @contextmanager
    def hold(self, key: str, *, ttl_seconds: int, fail_open: bool = False) -> Iterator[bool]:
        yield key not in self.held
