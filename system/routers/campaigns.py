"""Campaigns: created, started, paused, resumed, cancelled and shown."""

import logging
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, status
from kombu.exceptions import OperationalError

from system.db import campaign_list
from system.db.access_tokens import Holder
from system.db.database import get_db
from system.domain.roles import Role
from system.domain.wakeups import WakeUp
from system.routers.identity import allowed
from system.schemas.campaigns import (
    CampaignShown,
    CampaignStatisticsShown,
    CampaignWithStatistics,
    DraftChanges,
    NewCampaign,
    Resumption,
    Schedule,
)
from system.schemas.errors import problems
from system.services import cancelling, pausing, scheduling, statistics
from system.services.campaigns import FOLLOW_UP, TooLongError, create_campaign, launch_campaign
from system.services.drafts import edit_draft
from system.services.transitions import CampaignStateError, UnknownCampaignError
from system.tasks.publishing import publish

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/campaigns", tags=["campaigns"])
MOST_CAMPAIGNS = 100

CampaignId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Operator = Annotated[Holder, allowed(Role.OPERATOR)]
SEEN: dict[str, Any] = {"dependencies": [allowed(Role.READER)]}
CHANGED: dict[str, Any] = {"responses": problems(400, 401, 403, 404, 409, 413, 503)}


def publish_or_leave(wake_ups: Iterable[WakeUp]) -> None:
    """Publishes; while the broker is away, the recovery finds within seconds what was not published."""
    try:
        publish(wake_ups)
    except OperationalError as error:
        logger.warning("left to the recovery: %s", error)


def _done(campaign_id: int, deed: Callable[[], object]) -> CampaignWithStatistics:
    try:
        deed()
        return _shown(campaign_id)
    except UnknownCampaignError as error:
        raise HTTPException(status.HTTP_404_NOT_FOUND, str(error)) from error
    except TooLongError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, f"{error}: {error.names}") from error
    except CampaignStateError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from error


def _wrong(error: ValueError) -> HTTPException:
    who = f": {error.names}" if isinstance(error, TooLongError) else ""
    return HTTPException(422, [{"where": "body", "why": f"{error}{who}"}])


def _shown(campaign_id: int) -> CampaignWithStatistics:
    found = statistics.show(get_db(), campaign_id)
    return CampaignWithStatistics(
        campaign=CampaignShown.model_validate(found.campaign),
        statistics=CampaignStatisticsShown.model_validate(found.statistics),
        frozen=found.frozen,
    )


@router.get("", responses=problems(401, 403, 503), **SEEN)
def campaigns(
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Only campaigns older than this one.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CAMPAIGNS)] = MOST_CAMPAIGNS,
) -> list[CampaignShown]:
    """Campaigns, newest first."""
    with get_db().transaction() as connection:
        found = campaign_list.page(connection, before=before, limit=limit)
    return [CampaignShown.model_validate(campaign) for campaign in found]


@router.post("", status_code=201, responses=problems(400, 401, 403, 413, 503))
def create(new: NewCampaign, holder: Operator) -> CampaignWithStatistics:
    """A draft. 422 for a number that is not E.164, a category, a zone or hours that do not exist, a file or a template that
    cannot be sent, or a text that is too long once it is filled.
    """
    try:
        campaign_id = create_campaign(
            get_db(),
            new.name,
            new.message,
            new.phones,
            new.follow_up or FOLLOW_UP,
            categories=new.categories,
            hours=new.hours,
            content=new.content,
            actor=holder.name,
        )
    except ValueError as error:
        raise _wrong(error) from error
    return _shown(campaign_id)


@router.get("/{campaign_id}", responses=problems(401, 403, 404, 503), **SEEN)
def show(campaign_id: CampaignId) -> CampaignWithStatistics:
    """A campaign and its statistics, from aggregates; those of its closing once it is closed."""
    return _done(campaign_id, lambda: None)


@router.patch("/{campaign_id}", **CHANGED)
def edit(campaign_id: CampaignId, asked: DraftChanges, holder: Operator) -> CampaignWithStatistics:
    """Gives a draft other words, contacts or hours; 409 when it is no draft any more, 422 as for a new campaign."""

    def change() -> None:
        try:
            edit_draft(get_db(), campaign_id, asked.changes, actor=holder.name)
        except ValueError as error:
            raise _wrong(error) from error

    return _done(campaign_id, change)


@router.post("/{campaign_id}/schedule", **CHANGED)
def schedule(campaign_id: CampaignId, asked: Schedule, holder: Operator) -> CampaignWithStatistics:
    """The campaign starts by itself at that time. 422 when it is over, or more than a year ahead."""
    try:
        return _done(
            campaign_id,
            lambda: scheduling.schedule_campaign(get_db(), campaign_id, asked.at, actor=holder.name),
        )
    except ValueError as error:
        raise HTTPException(422, [{"where": "body.at", "why": str(error)}]) from error


@router.post("/{campaign_id}/launch", **CHANGED)
def launch(campaign_id: CampaignId, holder: Operator) -> CampaignWithStatistics:
    """The campaign starts now, with the contacts of now."""
    return _done(campaign_id, lambda: publish_or_leave(launch_campaign(get_db(), campaign_id, actor=holder.name)))


@router.post("/{campaign_id}/pause", **CHANGED)
def pause(campaign_id: CampaignId, holder: Operator) -> CampaignWithStatistics:
    """Nothing more leaves until it is resumed."""
    return _done(campaign_id, lambda: pausing.pause_campaign(get_db(), campaign_id, actor=holder.name))


@router.post("/{campaign_id}/resume", **CHANGED)
def resume(campaign_id: CampaignId, asked: Resumption, holder: Operator) -> CampaignWithStatistics:
    """The chosen messages leave; what has left is never sent again."""
    return _done(
        campaign_id,
        lambda: publish_or_leave(pausing.resume_campaign(get_db(), campaign_id, which=asked.which, actor=holder.name)),
    )


@router.post("/{campaign_id}/cancel", **CHANGED)
def cancel(campaign_id: CampaignId, holder: Operator) -> CampaignWithStatistics:
    """Nothing more leaves, for good."""
    return _done(campaign_id, lambda: cancelling.cancel_campaign(get_db(), campaign_id, actor=holder.name))
