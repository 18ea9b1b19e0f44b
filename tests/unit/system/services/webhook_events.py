"""Events of webhooks, received and processed without waiting."""

from typing import Any

from system.domain.wakeups import SendMessage
from system.gateway.webhooks import Event
from system.services import inbox
from tests.unit.system.bench import Bench


def event(number: int, phone: str = "+33639980000", **over: Any) -> Event:
    payload = {"event": "message:in:new", "data": {"id": f"wa-{number}", "fromNumber": phone, "body": "Oui"}} | over
    return Event(f"key-{number}", payload)


def age(bench: Bench, seconds: float) -> None:
    """Lets so many seconds pass for every entry."""
    bench.execute(
        """UPDATE webhook_inbox SET received_at = received_at - make_interval(secs => %s),
           next_attempt_at = next_attempt_at - make_interval(secs => %s)""",
        seconds,
        seconds,
    )


def process(bench: Bench, *events: Event) -> list[SendMessage]:
    inbox.receive(bench.db, [events])
    age(bench, 31)
    return inbox.process_left_behind(bench.db)
