"""Finds what lost its wake-up: messages of dead senders, and campaigns whose dispatcher fell silent."""

from dataclasses import dataclass

from system.db import dispatching, lost_wakeups
from system.db.database import Database
from system.domain.wakeups import DispatchCampaign, SendMessage, WakeUp

DISPATCHER_SILENT_SECONDS = 5.0
MOST_MESSAGES = 500


@dataclass(frozen=True)
class RecoveryPlan:
    """What has to be woken again."""

    messages: tuple[SendMessage, ...]
    campaign_ids: tuple[int, ...]

    @property
    def message_ids(self) -> tuple[int, ...]:
        return tuple(message.message_id for message in self.messages)

    @property
    def wake_ups(self) -> tuple[WakeUp, ...]:
        return (*self.messages, *(DispatchCampaign(campaign_id) for campaign_id in self.campaign_ids))


def recover(db: Database, *, lease_seconds: float) -> RecoveryPlan:
    """Reads the database, and it alone: neither the broker nor a lock in Redis delays what is found.

    What is found counts as woken now, and is found again after `lease_seconds` if that wake-up is lost as well. Two
    runs at once find different things.
    """
    with db.transaction() as connection:
        messages = lost_wakeups.take(connection, patience_seconds=lease_seconds, limit=MOST_MESSAGES)
        silent = dispatching.wake_silent(connection, silent_seconds=DISPATCHER_SILENT_SECONDS)
    return RecoveryPlan(messages, silent)
