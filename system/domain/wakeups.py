"""What a service asks its caller to publish once the transaction is committed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from system.domain.statuses import MessageKind

MOST_IN_TURN = 10
# How many wake-ups there should be before any of them grows: more than one worker has children.
SENDERS = 16


@dataclass(frozen=True)
class SendMessage:
    """Wake a sender for this message, and `then` for others of the same kind, in turn.

    `resumed` when an earlier wake-up was lost; `correlation_id` of the request it follows from, if another than the caller's.
    """

    message_id: int
    kind: MessageKind = MessageKind.MESSAGE_1
    resumed: bool = False
    then: tuple[int, ...] = ()
    correlation_id: str | None = field(default=None, compare=False)

    @property
    def message_ids(self) -> tuple[int, ...]:
        return (self.message_id, *self.then)


@dataclass(frozen=True)
class DispatchCampaign:
    """Wake the dispatcher of this campaign."""

    campaign_id: int


WakeUp = SendMessage | DispatchCampaign


def in_turns(message_ids: Sequence[int]) -> tuple[SendMessage, ...]:
    """Wake-ups of up to ten messages each; a few messages are spread, so that several senders work at once."""
    size = max(1, min(MOST_IN_TURN, len(message_ids) // SENDERS))
    turns = (message_ids[start : start + size] for start in range(0, len(message_ids), size))
    return tuple(SendMessage(first, then=tuple(others)) for first, *others in turns)
