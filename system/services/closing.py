"""Ends contacts whose 24 h are over, and campaigns whose contacts have all ended."""

import logging
from dataclasses import asdict, dataclass

from system.clock import utc_now
from system.db import campaign_counts, closing, interactions
from system.db.connection import Db
from system.db.database import Database
from system.domain.campaign_statistics import CampaignStatistics
from system.domain.statuses import CampaignStatus
from system.services.ports import Clock
from system.services.transitions import move

logger = logging.getLogger(__name__)

CANCELLED = "the campaign was cancelled"
TOO_LONG = "closed 48 h after the campaign's last message"


@dataclass(frozen=True)
class Expired:
    """What an hour's expiry ended: Message 2 that could not leave in time, contacts, campaigns 48 h after their last message."""

    follow_ups: int
    contacts: int
    campaign_ids: tuple[int, ...]


def expire(db: Database, clock: Clock = utc_now) -> Expired:
    """Applies the 24 h, then the 48 h; harmless when it runs twice or at once."""
    now = clock()
    with db.transaction() as connection:
        follow_ups = interactions.cancel_late_follow_ups(connection, now=now)
        contacts = closing.end_silent_contacts(connection, now=now)
        overdue = closing.overdue(connection, now=now)
        for campaign_id in overdue:
            closing.end_every_contact(connection, campaign_id, outcome="failed", reason=TOO_LONG)
    return Expired(follow_ups, contacts, overdue)


def close_finished_campaigns(db: Database, clock: Clock = utc_now) -> tuple[int, ...]:
    """Completes the campaigns whose contacts have all ended, and keeps their statistics; returns their ids.

    One in which something failed for now is paused instead: it can be sent again, for 48 h before it closes.
    """
    with db.transaction() as connection:
        ended = closing.lock_ended(connection, now=clock())
        for campaign_id in ended:
            statistics = _statistics(connection, campaign_id)
            closing.complete(connection, campaign_id, statistics, now=clock())
            _log(campaign_id, "completed", statistics)
        for campaign_id, failed in closing.lock_failed_for_now(connection).items():
            why = f"{failed} messages failed for now"
            move(connection, campaign_id, CampaignStatus.PAUSED, at=clock(), reason=why)
            logger.error("campaign %s stopped: %s", campaign_id, why)
        closing.cancel_what_came_back(connection, reason=CANCELLED)
        for campaign_id in closing.lock_cancelled(connection):
            statistics = _statistics(connection, campaign_id)
            closing.keep_statistics(connection, campaign_id, statistics)
            _log(campaign_id, "cancelled", statistics)
    return ended


def _statistics(connection: Db, campaign_id: int) -> CampaignStatistics:
    return CampaignStatistics.of(campaign_counts.counts(connection, campaign_id))


def _log(campaign_id: int, status: str, statistics: CampaignStatistics) -> None:
    said = {"event": "campaign_closed", "campaign_id": campaign_id, "status": status, "statistics": asdict(statistics)}
    logger.info("campaign %s %s: %s", campaign_id, status, asdict(statistics), extra=said)
