"""Schedules campaigns, and starts those whose time has come."""

import logging
from datetime import datetime

from system.clock import utc_now
from system.db import campaigns
from system.db.database import Database
from system.domain.statuses import CampaignStatus
from system.domain.wakeups import WakeUp
from system.services.campaigns import NobodyToWriteToError, launch_campaign
from system.services.ports import Clock
from system.services.transitions import CampaignStateError, move

logger = logging.getLogger(__name__)


def schedule_campaign(
    db: Database, campaign_id: int, at: datetime, *, actor: str | None = None, clock: Clock = utc_now
) -> None:
    """The campaign starts by itself at `at`, within 5 s; scheduling it again gives it another time.

    Raises:
        ValueError: when `at` has no time zone, or is over.
        CampaignStateError: when it is neither a draft nor scheduled.

    """
    now = clock()
    if at.tzinfo is None or at <= now:
        raise ValueError("a campaign is scheduled for a later time, with its time zone")
    with db.transaction() as connection:
        campaigns.set_schedule(connection, campaign_id, at)
        move(connection, campaign_id, CampaignStatus.SCHEDULED, at=now, actor=actor)


def start_due(db: Database, clock: Clock = utc_now) -> list[WakeUp]:
    """Launches every scheduled campaign whose time has come; one with nobody to write to fails. Returns what to publish."""
    with db.transaction() as connection:
        found = campaigns.due(connection, now=clock())
    started: list[WakeUp] = []
    for campaign_id in found:
        try:
            started += launch_campaign(db, campaign_id, clock=clock)
        except NobodyToWriteToError as error:
            with db.transaction() as connection:
                move(connection, campaign_id, CampaignStatus.FAILED, at=clock(), reason=str(error))
        except CampaignStateError as error:
            logger.info("not started: %s", error)
    return started
