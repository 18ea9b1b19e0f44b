"""Stops campaigns whose messages fail in numbers."""

import logging

from system.clock import utc_now
from system.db import failures
from system.db.database import Database
from system.domain.error_spike import ErrorSpike
from system.domain.statuses import CampaignStatus
from system.services.ports import Clock
from system.services.transitions import CampaignStateError, move

logger = logging.getLogger(__name__)
POLICY = ErrorSpike()


def stop_spiking(db: Database, policy: ErrorSpike = POLICY, clock: Clock = utc_now) -> tuple[int, ...]:
    """Pauses the campaigns whose failures since their launch or last resumption are a spike; returns their ids."""
    with db.transaction() as connection:
        found = failures.recent(connection, since=clock() - policy.window, fewest=policy.fewest_failures)
    stopped = []
    for ended in found:
        if not policy.stops(failed=ended.failed, sent=ended.sent):
            continue
        why = f"{ended.failed} of its last {ended.failed + ended.sent} messages failed"
        try:
            with db.transaction() as connection:
                move(connection, ended.campaign_id, CampaignStatus.PAUSED, at=clock(), reason=why)
        except CampaignStateError as error:
            logger.info("not stopped: %s", error)
            continue
        logger.error("campaign %s stopped: %s", ended.campaign_id, why)
        stopped.append(ended.campaign_id)
    return tuple(stopped)
