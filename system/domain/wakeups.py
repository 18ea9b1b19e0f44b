"""What a service asks its caller to publish once the transaction is committed."""

from dataclasses import dataclass

from system.domain.statuses import MessageKind


@dataclass(frozen=True)
class SendMessage:
    """Wake a sender for this message; `resumed` when an earlier wake-up was lost."""

    message_id: int
    kind: MessageKind = MessageKind.MESSAGE_1
    resumed: bool = False


@dataclass(frozen=True)
class DispatchCampaign:
    """Wake the dispatcher of this campaign."""

    campaign_id: int


WakeUp = SendMessage | DispatchCampaign
