"""What `campaign launch` says before it asks."""

from dataclasses import dataclass

from system.config import get_settings
from system.db.database import Database
from system.domain.daily_limit import DailyLimit
from system.domain.statuses import CampaignStatus
from system.services import statistics
from system.services.before_launch import before_launch
from system.services.campaigns import fingerprint
from system.services.monitoring import counters_of_today


@dataclass(frozen=True)
class AboutLaunch:
    """What to say; whether a launch would be let through, and what it would send (`shown`), as a launch compares it."""

    lines: tuple[str, ...]
    ready: bool
    shown: str


def about_launch(db: Database, campaign_id: int) -> AboutLaunch:
    """As of now.

    Raises:
        UnknownCampaignError: when there is no such campaign.

    """
    campaign = statistics.show(db, campaign_id).campaign
    with db.transaction() as connection:
        before, shown = before_launch(connection, campaign_id), fingerprint(connection, campaign_id)
    people, settings = before.audience, get_settings()
    limit = DailyLimit(settings.daily_message_limit)
    left = limit.left_for_message_1(counters_of_today(db, settings.hours.zone))
    ready = before.ready and campaign.status in {CampaignStatus.DRAFT, CampaignStatus.SCHEDULED}
    others = f"{people.without_consent} without consent, {people.opted_out} opted out, {people.invalid} not on WhatsApp"
    whom = f"{people.recipients} of {people.everybody} people receive Message 1 ({others})"
    kept = f"DAILY_MESSAGE_LIMIT is {limit.total}, {limit.kept_for_message_2} kept for Message 2"
    later = "; the rest leaves on the following days" if people.recipients > left else ""
    lines = (
        f"campaign {campaign_id} ({campaign.name}, {campaign.status}): {whom}",
        f"left today: {left} Message 1 ({kept}){later}",
    )
    return AboutLaunch(lines if ready else (), ready, shown)
