"""The states of messages and campaigns."""

from enum import StrEnum


class MessageStatus(StrEnum):
    """`unknown`: the gateway's answer to a POST was lost, so that only asking it tells whether the message left."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    CANCELLED = "cancelled"
    OPTED_OUT = "opted_out"
    UNKNOWN = "unknown"


class MessageKind(StrEnum):
    """The campaign's opening message, and the one an interaction earns."""

    MESSAGE_1 = "message_1"
    MESSAGE_2 = "message_2"


class CampaignStatus(StrEnum):
    """Messages leave in `sending` alone; `failed` and `cancelled` are final, `completed` unless what failed is sent again."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


# Nobody has anything left to do with them. What failed has to be seen.
CAMPAIGN_IS_OVER = frozenset({CampaignStatus.COMPLETED, CampaignStatus.CANCELLED})
CAMPAIGN_LETS_SEND = frozenset({CampaignStatus.SENDING})
# Its messages wait.
CAMPAIGN_RESTS = frozenset({CampaignStatus.DRAFT, CampaignStatus.SCHEDULED, CampaignStatus.PAUSED})

# How far an accepted message has come. A word that comes late changes nothing, and being delivered disproves a failure.
DELIVERY_ORDER = (MessageStatus.SENT, MessageStatus.FAILED, MessageStatus.DELIVERED, MessageStatus.READ)
