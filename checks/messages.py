"""Rows of messages by key: a phone, marked for a contact's later campaigns and for Message 2."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from audit.experiments.driver import DriverError
from checks.stack import Stack

REPLY = " (Message 2)"
OPEN = ("pending", "sending", "unknown")
SENT = ("sent", "delivered", "read")
_TASK = "system.tasks.message_tasks.send_single_message"
# A contact's campaigns are numbered in order; the first needs no number in its keys.
# Where a key has several rows, one that is not final comes last, so that it speaks for the key.
_ROWS = """
    SELECT m.id, m.reference, m.kind, m.status, extract(epoch FROM m.sent_at)::float8, m.campaign_id,
           m.contact_id, m.wa_id, c.phone, dense_rank() OVER (PARTITION BY m.contact_id ORDER BY m.campaign_id)
    FROM messages m JOIN contacts c ON c.id = m.contact_id WHERE c.phone LIKE '+33%%' AND {contacts}
    ORDER BY m.status IN ('pending', 'sending', 'unknown')
"""


class Message(NamedTuple):
    """One row; `turn` is the rank of its campaign among those of the contact."""

    id: int
    reference: str
    kind: str
    status: str
    sent_at: float | None
    campaign_id: int
    contact_id: int
    wa_id: str | None
    phone: str
    turn: int

    @property
    def key(self) -> str:
        """What experiments call it."""
        return key_of(self.phone, self.turn) + (REPLY if self.kind == "message_2" else "")


def key_of(phone: str, turn: int) -> str:
    """The key of a contact's Message 1 in the campaign of that rank."""
    return f"{phone} (campagne {turn})" if turn > 1 else phone


def phone_of(key: str) -> str:
    """The phone that begins a key."""
    return key.partition(" ")[0]


def read(stack: Stack, contacts: str = "true", *parameters: Any) -> list[Message]:
    """Every message of the contacts that meet this condition; on campaigns, it would change their ranks."""
    return [Message(*row) for row in stack.rows(_ROWS.format(contacts=contacts), *parameters)]


def of_phones(stack: Stack, phones: Iterable[str]) -> list[Message]:
    """Every message of these contacts."""
    return read(stack, "c.phone = ANY(%s)", sorted(phones))


def first(stack: Stack, phones: Iterable[str]) -> list[Message]:
    """Message 1 of each of these contacts."""
    return [message for message in of_phones(stack, phones) if message.kind == "message_1"]


def in_status(stack: Stack, statuses: Sequence[str]) -> frozenset[str]:
    """Keys of the messages in one of these statuses."""
    found = read(stack, "c.id IN (SELECT contact_id FROM messages WHERE status = ANY(%s))", list(statuses))
    return frozenset(message.key for message in found if message.status in statuses)


def find(stack: Stack, key: str) -> Message:
    """The message with this key. Raises DriverError when there is none."""
    for message in reversed(of_phones(stack, [phone_of(key)])):
        if message.key == key:
            return message
    msg = f"aucun message n'a la clé {key}"
    raise DriverError(msg)


def wake(stack: Stack, identifiers: Iterable[int]) -> None:
    """Publish the sending of these messages, as the stack does."""
    stack.publish(_TASK, "messages", ([identifier] for identifier in identifiers))
