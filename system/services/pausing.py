"""Pauses and resumes campaigns: what has left stays sent, what has not is kept."""

from system.clock import utc_now
from system.db import campaigns
from system.db.database import Database
from system.domain.campaign_life import Resume
from system.domain.statuses import CampaignStatus
from system.domain.wakeups import DispatchCampaign, WakeUp
from system.services.ports import Clock
from system.services.transitions import CampaignStateError, locked, move


class NothingToSendError(CampaignStateError):
    """None of the messages asked for can be sent again."""


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

    A completed campaign is opened again for what failed in it.

    Raises:
        NothingToSendError: when nothing of what was chosen can be sent; nothing has changed then.
        CampaignStateError: when it is neither paused nor completed.

    """
    with db.transaction() as connection:
        now = locked(connection, campaign_id)
        if now not in {CampaignStatus.PAUSED, CampaignStatus.COMPLETED}:
            raise CampaignStateError(f"campaign {campaign_id} is {now}: it is neither paused nor completed")
        if which is Resume.PENDING and (
            now is CampaignStatus.COMPLETED or campaigns.only_failures_are_left(connection, campaign_id)
        ):
            raise NothingToSendError(f"campaign {campaign_id} is {now}: nothing waits in it, resume what failed")
        move(connection, campaign_id, CampaignStatus.SENDING, at=clock(), actor=actor)
        # What waits first: what failed must not be set aside with it.
        campaigns.hold_pending(connection, campaign_id, held=which is Resume.FAILED)
        again = 0 if which is Resume.PENDING else campaigns.try_failed_again(connection, campaign_id)
        if now is CampaignStatus.COMPLETED and not again:
            raise NothingToSendError(f"campaign {campaign_id} is {now}: nothing that failed can be sent again")
    return [DispatchCampaign(campaign_id)]
