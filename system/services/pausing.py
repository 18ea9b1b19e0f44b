"""Pauses and resumes campaigns: what has left stays sent, what has not is kept."""

from system.clock import utc_now
from system.db import campaigns
from system.db.database import Database
from system.domain.campaign_life import Resume
from system.domain.statuses import CampaignStatus
from system.domain.wakeups import DispatchCampaign, WakeUp
from system.services.ports import Clock
from system.services.transitions import CampaignStateError, locked, move


def pause_campaign(db: Database, campaign_id: int, *, actor: str | None = None, clock: Clock = utc_now) -> None:
    """Nothing more is handed over, except what a sender has in its hands at this moment.

    Raises:
        CampaignStateError: when it is not sending.

    """
    with db.transaction() as connection:
        move(connection, campaign_id, CampaignStatus.PAUSED, at=clock(), reason="paused by hand", actor=actor)


def resume_campaign(
    db: Database,
    campaign_id: int,
    *,
    which: Resume = Resume.PENDING,
    actor: str | None = None,
    clock: Clock = utc_now,
) -> list[WakeUp]:
    """Sends again, the chosen messages; the others are kept for another pause and resumption. Returns what to publish.

    Raises:
        CampaignStateError: when it is not paused.

    """
    with db.transaction() as connection:
        if (now := locked(connection, campaign_id)) is not CampaignStatus.PAUSED:
            raise CampaignStateError(f"campaign {campaign_id} is {now}: it is not paused")
        move(connection, campaign_id, CampaignStatus.SENDING, at=clock(), actor=actor)
        # What waits first: what failed must not be set aside with it.
        campaigns.hold_pending(connection, campaign_id, held=which is Resume.FAILED)
        if which is not Resume.PENDING:
            campaigns.try_failed_again(connection, campaign_id)
    return [DispatchCampaign(campaign_id)]
