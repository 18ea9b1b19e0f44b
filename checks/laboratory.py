"""What faults act upon: the parts of every driver, signed webhooks, and everything that was put at stake."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from checks import messages, wassenger_events
from checks.driver import Parts
from checks.driver_errors import require
from checks.gateway import Gateway
from checks.launches import Launches
from checks.stack import Stack
from checks.webhook_sender import WebhookSender
from system.sandbox.processes import SandboxError

_SENT_SECONDS = 20.0
_NEW_CONTACTS = """
    SELECT c.phone FROM messages m JOIN contacts c ON c.id = m.contact_id
    WHERE m.kind = 'message_1' AND m.status = ANY(%s) AND NOT c.phone = ANY(%s) ORDER BY m.id DESC LIMIT %s
"""
_HASTEN = """
    UPDATE messages SET next_attempt_at = now(), published_at = now() - interval '1 hour'
    WHERE status IN ('pending', 'unknown') AND next_attempt_at > now()
"""
_AGE = """
    UPDATE messages m SET sent_at = now() - make_interval(mins => %s) FROM contacts c
    WHERE c.id = m.contact_id AND c.phone = ANY(%s) AND m.kind = 'message_1'
"""


@dataclass
class SendStates:
    """How far sends are in the database, and their dates."""

    stack: Stack

    def sending(self) -> frozenset[str]:
        """Keys of the rows `sending`."""
        return messages.in_status(self.stack, ["sending"])

    def unsettled(self) -> frozenset[str]:
        """Keys of the rows that are pending, sending or unknown."""
        return messages.in_status(self.stack, messages.OPEN)

    def sent(self) -> int:
        """How many sends are recorded."""
        ((sent,),) = self.stack.rows("SELECT count(*) FROM messages WHERE status = ANY(%s)", list(messages.SENT))
        return int(sent)

    def age(self, phones: Sequence[str], *, minutes: int) -> None:
        """Move the sending of the Message 1 of these phones to so many minutes ago."""
        self.stack.rows(_AGE, minutes, list(phones))

    def hasten(self) -> None:
        """Retries and postponed sends become due now; the sweep wakes them."""
        self.stack.rows(_HASTEN)


@dataclass
class Stakes:
    """Keys that must be accepted once: everything launched, and the Message 2 that genuine webhooks have earned."""

    stack: Stack
    gateway: Gateway
    launches: Launches
    _identifiers: Iterator[str] = field(init=False, default_factory=lambda: map("FIRE{:08d}".format, count(1)))
    _expected: set[str] = field(init=False, default_factory=set)
    _used: set[str] = field(init=False, default_factory=set)

    def expected(self) -> frozenset[str]:
        """All of them since the start."""
        return frozenset(self._expected)

    def launch(self, contacts: int) -> frozenset[str]:
        """Launch a campaign with the tree's own code, to numbers never used before."""
        phones = self.launches.new_phones(contacts)
        # Before: whatever the answer, what reached the database is sent one day, and then it was expected.
        self._expected.update(phones)
        try:
            self.launches.launch_to(phones)
        except SandboxError:
            # Launched in the database, and not published: the recovery has to find it, so that it counts.
            if not messages.of_phones(self.stack, phones):
                self._expected.difference_update(phones)
                raise
        return frozenset(phones)

    def follow_ups(self, phones: Sequence[str]) -> frozenset[str]:
        """Keys of the Message 2 of these phones, which are expected from now on."""
        keys = frozenset(phone + messages.REPLY for phone in phones)
        self._expected |= keys
        return keys

    def inbound(self, phone: str) -> dict[str, Any]:
        """A new inbound message from this phone."""
        return wassenger_events.inbound(phone, next(self._identifiers))

    def sent_contacts(self, contacts: int) -> list[str]:
        """Phones whose Message 1 is sent and which never answered; some are launched when there are too few."""

        def fresh() -> list[str]:
            rows = self.stack.rows(_NEW_CONTACTS, list(messages.SENT), list(self._used), contacts)
            return [str(phone) for (phone,) in rows]

        if len(fresh()) < contacts:
            self.gateway.release()
            self.launch(contacts)
        require(lambda: len(fresh()) >= contacts, _SENT_SECONDS, "les Message 1 préalables ne sont pas partis")
        phones = fresh()
        self._used.update(phones)
        return phones


class Laboratory(Parts):
    """Everything by name."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack)
        self.states, self.webhooks = SendStates(stack), WebhookSender(stack)
        self.stakes = Stakes(stack, self.gateway, self.launches)
