"""Schedules campaigns, and starts those whose time has come."""

import logging
from datetime import UTC, datetime, timedelta

from system.clock import utc_now
from system.db import campaigns
from system.db.database import Database
from system.domain.campaign_life import check_start
from system.domain.statuses import CampaignStatus
from system.domain.wakeups import WakeUp
from system.services.campaigns import NobodyToWriteToError, TextError, launch_campaign
from system.services.ports import Clock
from system.services.transitions import CampaignStateError, move

logger = logging.getLogger(__name__)
LATENESS = timedelta(hours=1)


def schedule_campaign(
    db: Database, campaign_id: int, at: datetime, *, actor: str | None = None, clock: Clock = utc_now
) -> None:
    """The campaign starts by itself at `at`, within 5 s; scheduling it again gives it another time.

    Raises:
        ScheduleError: when `at` has no time zone, is over or more than a year ahead.
        CampaignStateError: when it is neither a draft nor scheduled.

    """
    now = clock()
    check_start(at, now)
    with db.transaction() as connection:
        campaigns.set_schedule(connection, campaign_id, at)
        move(connection, campaign_id, CampaignStatus.SCHEDULED, at=now, actor=actor)


def start_due(db: Database, clock: Clock = utc_now, lateness: timedelta = LATENESS) -> list[WakeUp]:
    """Launches every scheduled campaign whose time has come; one with nobody to write to fails. Returns what to publish.

    One whose time was missed by more than `lateness` is a draft again: what was to leave this morning may be wrong tonight.
    """
    with db.transaction() as connection:
        found = campaigns.due(connection, now=clock())
    started: list[WakeUp] = []
    for campaign_id, scheduled_at in found.items():
        try:
            if clock() - scheduled_at > lateness:
                _miss(db, campaign_id, scheduled_at, clock)
                continue
            started += launch_campaign(db, campaign_id, clock=clock)
        except NobodyToWriteToError as error:
            with db.transaction() as connection:
                move(connection, campaign_id, CampaignStatus.FAILED, at=clock(), reason=str(error))
        except TextError as error:
            # A draft can be mended.
            with db.transaction() as connection:
                move(connection, campaign_id, CampaignStatus.DRAFT, at=clock(), reason=str(error))
            logger.error("campaign %s not started: %s", campaign_id, error)  # noqa: TRY400 (its words are the whole story)
        except CampaignStateError as error:
            logger.info("not started: %s", error)
    return started


def _miss(db: Database, campaign_id: int, scheduled_at: datetime, clock: Clock) -> None:
    why = f"its time was missed ({scheduled_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC)"
    with db.transaction() as connection:
        move(connection, campaign_id, CampaignStatus.DRAFT, at=clock(), reason=why)
    logger.error("campaign %s not started: %s", campaign_id, why)
