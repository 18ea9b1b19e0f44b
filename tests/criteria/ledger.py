"""A gateway that knows what it accepted, from the text and the number alone: nothing of ours tells it what is a duplicate."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from system.gateway.outcomes import Accepted, LookupOutcome, NotFound, Outgoing, PostOutcome, Uncertain

Key = tuple[str, str]


@dataclass(frozen=True)
class Entry:
    """What the gateway accepted: `body` names campaign and kind, so that (body, phone) is what must be unique."""

    phone: str
    body: str
    reference: str
    at: datetime

    @property
    def key(self) -> Key:
        return self.body, self.phone


class LedgerGateway:
    """Answers what it is told to, else accepts. `lost`: accepted unanswered."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.entries: list[Entry] = []
        self.answers: deque[PostOutcome | str] = deque()
        self.reachable = True
        self.lost: set[Key] = set()
        self.before_post: Callable[[], None] = lambda: None

    def post(self, message: Outgoing) -> PostOutcome:
        self.before_post()
        answer = self.answers.popleft() if self.answers else "accept"
        if not isinstance(answer, str):
            return answer
        entry = Entry(message.phone, message.body, message.reference, self._clock())
        self.entries.append(entry)
        if answer == "lose the answer":
            self.lost.add(entry.key)
            return Uncertain("read timeout")
        return self._accepted(len(self.entries) - 1)

    def find_by_reference(self, reference: str) -> LookupOutcome:
        if not self.reachable:
            return Uncertain("unreachable")
        found = [number for number, entry in enumerate(self.entries) if entry.reference == reference]
        return self._accepted(found[0]) if found else NotFound()

    def _accepted(self, number: int) -> Accepted:
        return Accepted(f"api-{number}", f"wa-{number}", self.entries[number].at)
