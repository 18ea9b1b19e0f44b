"""The one way in which a campaign changes state."""

import logging
from datetime import datetime

from system.db import action_log, campaigns
from system.db.connection import Db
from system.domain.campaign_life import may_become
from system.domain.statuses import CampaignStatus

logger = logging.getLogger(__name__)


class CampaignStateError(Exception):
    """The campaign cannot do that in its present state."""


class UnknownCampaignError(CampaignStateError):
    """There is no such campaign."""


def move(
    connection: Db,
    campaign_id: int,
    then: CampaignStatus,
    *,
    at: datetime,
    reason: str | None = None,
    actor: str | None = None,
) -> CampaignStatus:
    """Changes the state if that is legal, and returns the state before. Nobody else changes it until the transaction ends.

    `actor` is who asked for it: a user's name, `cli`, or None when the system did it by itself.

    Raises:
        UnknownCampaignError: when there is no such campaign.
        CampaignStateError: when the transition is not legal.

    """
    now = locked(connection, campaign_id)
    if not may_become(now, then):
        raise CampaignStateError(f"campaign {campaign_id} is {now}: it cannot become {then}")
    campaigns.move(connection, campaign_id, then, at=at, reason=reason)
    if actor is not None:
        detail = {"campaign_id": campaign_id, "before": now.value}
        action_log.record(connection, actor, f"campaign {then.value}", detail)
    said = {"event": "campaign_state", "campaign_id": campaign_id, "before": now.value, "status": then.value}
    logger.info("campaign %s: %s -> %s", campaign_id, now, then, extra=said | {"reason": reason})
    return now


def locked(connection: Db, campaign_id: int) -> CampaignStatus:
    """The campaign's state, which nobody else changes until the transaction ends.

    Raises:
        UnknownCampaignError: when there is no such campaign.

    """
    now = campaigns.lock(connection, campaign_id)
    if now is None:
        raise UnknownCampaignError(f"there is no campaign {campaign_id}")
    return now
