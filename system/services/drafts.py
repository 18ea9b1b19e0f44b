"""Changes drafts, and takes a scheduled campaign back to one."""

from system.clock import utc_now
from system.db import action_log, audience, campaigns
from system.db.database import Database
from system.domain.sending_hours import SendingHours
from system.domain.statuses import CampaignStatus
from system.domain.variables import written
from system.services.campaigns import UnknownCategoryError
from system.services.ports import Clock
from system.services.transitions import CampaignStateError, locked, move


def edit_draft(
    db: Database,
    campaign_id: int,
    name: str,
    body: str,
    follow_up: str,
    *,
    category: str | None,
    hours: SendingHours | None,
    actor: str,
) -> None:
    """Gives a draft other words, and other contacts where a category is named.

    Raises:
        VariableError: for a variable that nobody knows.
        UnknownCategoryError: for a category that does not exist.
        CampaignStateError: when it is no draft any more. Nothing has changed in any of these cases.

    """
    body, follow_up = written(body), written(follow_up)
    if not name.strip() or not body.strip() or not follow_up.strip():
        raise ValueError("a campaign needs a name and the text of its messages")
    with db.transaction() as connection:
        now = locked(connection, campaign_id)
        if now is not CampaignStatus.DRAFT:
            raise CampaignStateError(f"campaign {campaign_id} is {now}: it is no draft")
        campaigns.rewrite(connection, campaign_id, name, body, follow_up)
        campaigns.set_hours(connection, campaign_id, hours)
        if category is not None:
            audience.clear_categories(connection, campaign_id)
            unknown = audience.add_categories(connection, campaign_id, [category])
            if unknown:
                raise UnknownCategoryError(unknown)
        action_log.record(connection, actor, "campaign edited", {"campaign_id": campaign_id, "name": name})


def unschedule(db: Database, campaign_id: int, *, actor: str, clock: Clock = utc_now) -> None:
    """Makes a scheduled campaign a draft again.

    Raises:
        CampaignStateError: when it is not scheduled.

    """
    with db.transaction() as connection:
        move(connection, campaign_id, CampaignStatus.DRAFT, at=clock(), actor=actor)
