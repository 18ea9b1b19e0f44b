"""Changes, copies and deletes drafts, and takes a scheduled campaign back to one."""

from collections.abc import Sequence
from typing import TypedDict

from system.clock import utc_now
from system.db import action_log, audience, campaign_list, campaigns
from system.db.campaign_list import Campaign
from system.db.connection import Db
from system.db.database import Database
from system.domain.content import Content
from system.domain.phone import PhoneNumber
from system.domain.sending_hours import SendingHours
from system.domain.statuses import CampaignStatus
from system.services.campaigns import (
    DraftChangedError,
    UnknownCategoryError,
    checked_texts,
    draft_version,
    refuse_too_long,
)
from system.services.people import honour_erasures
from system.services.ports import Clock
from system.services.transitions import CampaignStateError, UnknownCampaignError, locked, move


class Changes(TypedDict, total=False):
    """What a draft is to have; what is not named stays as it is."""

    name: str
    body: str
    follow_up: str
    phones: Sequence[str]
    categories: Sequence[str]
    hours: SendingHours | None
    content: Content | None


def edit_draft(db: Database, campaign_id: int, changes: Changes, *, actor: str, version: str | None = None) -> None:
    """Gives a draft other words, other contacts, other hours. `version` is the `draft_version` that the changes were made to.

    Raises:
        DraftChangedError: when it is no longer that version.
        VariableError: for a variable that nobody knows.
        UnknownCategoryError: for a category that does not exist.
        TooLongError: when a contact of now would read too long a text.
        ValueError: for what `create_campaign` does not take either.
        CampaignStateError: when it is no draft any more. Nothing has changed in any of these cases.

    """
    with db.transaction() as connection:
        campaign = _locked_draft(connection, campaign_id)
        if version is not None and version != draft_version(connection, campaign_id):
            raise DraftChangedError(f"campaign {campaign_id} was edited meanwhile")
        name = changes.get("name", campaign.name)
        content = changes.get("content", campaign.content)
        body, follow_up = checked_texts(
            name, changes.get("body", campaign.message), changes.get("follow_up", campaign.follow_up), content
        )
        campaigns.rewrite(connection, campaign_id, name, body, follow_up)
        campaigns.set_content(connection, campaign_id, content.stored if content else None)
        if "hours" in changes:
            campaigns.set_hours(connection, campaign_id, changes["hours"])
        _change_contacts(connection, db, campaign_id, changes)
        refuse_too_long(connection, campaign_id)
        action_log.record(connection, actor, "campaign edited", {"campaign_id": campaign_id, "name": name})


def _locked_draft(connection: Db, campaign_id: int) -> Campaign:
    now = locked(connection, campaign_id)
    campaign = campaign_list.by_id(connection, campaign_id)
    if now is not CampaignStatus.DRAFT or campaign is None:
        raise CampaignStateError(f"campaign {campaign_id} is {now}: it is no draft")
    return campaign


def copy_campaign(db: Database, campaign_id: int, name: str, *, actor: str) -> int:
    """A draft with all that a campaign says, to the same contacts and categories; returns its id.

    Raises:
        UnknownCampaignError: when there is no such campaign.

    """
    with db.transaction() as connection:
        made = campaigns.copy(connection, campaign_id, name)
        if made is None:
            raise UnknownCampaignError(f"there is no campaign {campaign_id}")
        action_log.record(connection, actor, "campaign copied", {"campaign_id": made, "name": name, "of": campaign_id})
    return made


def delete_draft(db: Database, campaign_id: int, *, actor: str) -> None:
    """Forgets a draft, from which nothing but tests has left.

    Raises:
        CampaignStateError: when it is no draft any more.

    """
    with db.transaction() as connection:
        name = _locked_draft(connection, campaign_id).name
        campaigns.delete(connection, campaign_id)
        action_log.record(connection, actor, "campaign deleted", {"campaign_id": campaign_id, "name": name})


def _change_contacts(connection: Db, db: Database, campaign_id: int, changes: Changes) -> None:
    if "phones" in changes:
        numbers = [PhoneNumber.parse(phone) for phone in changes["phones"]]
        audience.clear_contacts(connection, campaign_id)
        audience.add_contacts(connection, campaign_id, numbers)
        honour_erasures(connection, db.erasure_key, numbers)
    if "categories" in changes:
        audience.clear_categories(connection, campaign_id)
        unknown = audience.add_categories(connection, campaign_id, tuple(changes["categories"]))
        if unknown:
            raise UnknownCategoryError(unknown)


def unschedule(db: Database, campaign_id: int, *, actor: str, clock: Clock = utc_now) -> None:
    """Makes a scheduled campaign a draft again.

    Raises:
        CampaignStateError: when it is not scheduled.

    """
    with db.transaction() as connection:
        move(connection, campaign_id, CampaignStatus.DRAFT, at=clock(), actor=actor)
