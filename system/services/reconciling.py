"""After a restore: asks the gateway which of the messages that the backup believes unsent have left since."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from system.clock import utc_now
from system.db import messages, unsent
from system.db.database import Database
from system.domain.statuses import CampaignStatus
from system.gateway.outcomes import Accepted, Uncertain
from system.services.ports import Clock, Gateway
from system.services.transitions import move

logger = logging.getLogger(__name__)

PAGE = 200
# As many requests at once as a worker's children make.
AT_ONCE = 4
RESTORED = "restored from a backup: launch it only if it was not sent since"


@dataclass(frozen=True)
class Reconciled:
    """How many messages were asked about, `sent` since the backup, and `unknown` because the gateway did not tell.

    `unscheduled`: campaigns that are drafts again, since nobody knows whether they started.
    """

    asked: int
    sent: int
    unknown: int
    unscheduled: tuple[int, ...]


def reconcile(
    db: Database,
    gateway: Gateway,
    *,
    zone: ZoneInfo,
    actor: str,
    clock: Clock = utc_now,
    told: Callable[[int], object] = lambda _: None,
) -> Reconciled:
    """Asks about every message that waits or failed, before any worker runs; harmless when it runs again. `told` hears how far it is."""
    asked, sent, unknown, after = 0, 0, 0, 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while True:
            with db.transaction() as connection:
                found = unsent.page(connection, after=after, limit=PAGE)
            if not found:
                break
            outcomes = list(pool.map(partial(_settle, db, gateway, zone, clock), found))
            asked, after = asked + len(found), found[-1][0]
            sent, unknown = sent + outcomes.count("sent"), unknown + outcomes.count("unknown")
            told(asked)
    return Reconciled(asked, sent, unknown, _unschedule(db, actor, clock))


def _settle(db: Database, gateway: Gateway, zone: ZoneInfo, clock: Clock, message: tuple[int, str]) -> str:
    message_id, reference = message
    answer = gateway.find_by_reference(reference)
    with db.transaction() as connection:
        if isinstance(answer, Uncertain):
            unsent.doubt(connection, message_id)
            return "unknown"
        if not isinstance(answer, Accepted):
            return "unsent"
        at = answer.at or clock()
        accepted = messages.Acceptance(message_id, answer.gateway_id, answer.wa_id, at, posted=False)
        messages.record_sent(connection, accepted)
        unsent.count_in_day(connection, message_id, at.astimezone(zone).date())
    logger.info("message_sent", extra={"event": "message_sent", "message_id": message_id, "how": "reconciled"})
    return "sent"


def _unschedule(db: Database, actor: str, clock: Clock) -> tuple[int, ...]:
    with db.transaction() as connection:
        found = unsent.scheduled(connection)
        for campaign_id in found:
            move(connection, campaign_id, CampaignStatus.DRAFT, at=clock(), reason=RESTORED, actor=actor)
    return tuple(found)
