"""Why the Message 1 of a campaign wait, told from what holds them at this moment."""

from collections.abc import Callable
from enum import StrEnum

from system.clock import utc_now
from system.db.campaign_list import Campaign
from system.db.database import Database
from system.db.gateway_breaker import Hold
from system.domain.daily_limit import DailyLimit
from system.domain.sending_hours import SendingHours
from system.services.monitoring import counters_of_today
from system.services.ports import Clock


class Why(StrEnum):
    """What holds Message 1, in the order in which a dispatcher looks at it."""

    GATEWAY = "gateway"
    HOURS = "hours"
    DAY = "day"


def reasons(
    db: Database, held: Hold | None, *, limit: DailyLimit, hours: SendingHours, clock: Clock = utc_now
) -> Callable[[Campaign], Why | None]:
    """Tells of each campaign what holds it, None where nothing does or it is a pause between batches.

    `held`: what the gateway refuses to everybody. `hours` are the installation's.
    """
    now = clock()
    full = limit.left_for_message_1(counters_of_today(db, hours.zone, clock)) == 0

    def why(campaign: Campaign) -> Why | None:
        if campaign.resumes_at is None:
            return None
        if held is not None and held.probe_at > now:
            return Why.GATEWAY
        if not (campaign.hours or hours).let_leave(now):
            return Why.HOURS
        return Why.DAY if full else None

    return why
