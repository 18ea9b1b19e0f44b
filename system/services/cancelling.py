"""Cancels campaigns."""

from system.clock import utc_now
from system.db import closing
from system.db.database import Database
from system.domain.statuses import CampaignStatus
from system.services.closing import CANCELLED
from system.services.ports import Clock
from system.services.transitions import move


def cancel_campaign(db: Database, campaign_id: int, *, actor: str | None = None, clock: Clock = utc_now) -> None:
    """Nothing more leaves. What a sender has in its hands is still asked about, recorded, and never sent again.

    Raises:
        CampaignStateError: when it is completed, failed or cancelled already.

    """
    with db.transaction() as connection:
        move(connection, campaign_id, CampaignStatus.CANCELLED, at=clock(), reason=CANCELLED, actor=actor)
        closing.end_every_contact(connection, campaign_id, outcome="cancelled", reason=CANCELLED)
