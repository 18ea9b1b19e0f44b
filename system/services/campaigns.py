"""Creates, launches and dispatches campaigns."""

from collections.abc import Iterable
from dataclasses import dataclass

from system.db import campaigns
from system.db.database import Database
from system.domain.phone import PhoneNumber
from system.domain.wakeups import DispatchCampaign, WakeUp, in_turns
from system.locks import CAMPAIGN_TTL_SECONDS, campaign_key
from system.services.ports import LockKeeper

FOLLOW_UP = "Merci pour votre réponse ! Nous revenons vers vous très vite."
# Between two turns of a dispatcher, and the shortest interval at which a second chain is let through.
TURN_SECONDS = 0.5
SHORTEST_TURN_SECONDS = 0.25


class CampaignStateError(Exception):
    """The campaign does not exist, or cannot do that in its present state."""


@dataclass(frozen=True)
class Dispatched:
    """What one turn asks to publish; `again_in` seconds until the next turn, None when the chain ends."""

    wake_ups: tuple[WakeUp, ...]
    again_in: float | None


def create_campaign(db: Database, name: str, body: str, phones: Iterable[str], follow_up: str = FOLLOW_UP) -> int:
    """A draft with one Message 1 for each distinct phone; returns its id.

    Raises:
        ValueError: for a phone which is not E.164, or an empty name or body; nothing is created then.

    """
    if not name.strip() or not body.strip() or not follow_up.strip():
        raise ValueError("a campaign needs a name and the text of its messages")
    numbers = [PhoneNumber.parse(phone) for phone in phones]
    with db.transaction() as connection:
        campaign_id = campaigns.insert(connection, name, body, follow_up)
        campaigns.add_contacts(connection, campaign_id, body, numbers)
    return campaign_id


def launch_campaign(db: Database, campaign_id: int) -> list[WakeUp]:
    """Launches a draft, or resumes a paused campaign; returns what the caller has to publish.

    Raises:
        CampaignStateError: when it is neither a draft nor paused.

    """
    with db.transaction() as connection:
        if not campaigns.launch(connection, campaign_id):
            raise CampaignStateError(f"campaign {campaign_id} is neither a draft nor paused")
    return [DispatchCampaign(campaign_id)]


def dispatch(db: Database, locks: LockKeeper, campaign_id: int, *, batch_size: int) -> Dispatched:
    """One turn of the campaign's dispatcher: marks the next due messages as published.

    It does nothing while another turn lives, nor when the lock cannot be asked: the recovery wakes a dispatcher again.
    """
    with locks.hold(campaign_key(campaign_id), ttl_seconds=CAMPAIGN_TTL_SECONDS) as mine:
        if not mine:
            return Dispatched((), None)
        with db.transaction() as connection:
            if not campaigns.take_turn(connection, campaign_id, min_interval=SHORTEST_TURN_SECONDS):
                return Dispatched((), None)
            batch = campaigns.take_batch(connection, campaign_id, window=batch_size)
    return Dispatched(in_turns(batch.message_ids), TURN_SECONDS if batch.more else None)
