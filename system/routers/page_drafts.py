"""Drafts on the page: written, corrected, copied."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from system.db import action_log, audience, contacts
from system.db.access_tokens import Holder
from system.db.campaign_list import Campaign
from system.db.database import get_db
from system.domain.roles import Role
from system.domain.statuses import CampaignStatus
from system.routers.page_forms import LONGEST, CampaignForm
from system.routers.page_found import found_campaign
from system.routers.page_identity import PageProblemError, page_form, page_user
from system.routers.page_shell import shown
from system.services import drafts
from system.services.campaigns import (
    DraftChangedError,
    TooLongError,
    UnknownCategoryError,
    create_campaign,
    draft_version,
)
from system.services.transitions import CampaignStateError

router = APIRouter(include_in_schema=False, prefix="/page/campaigns")

MOST_CATEGORIES = 500
Operator = Annotated[Holder, page_user(Role.OPERATOR)]


@router.get("/new")
def new(holder: Operator, category: Annotated[str, Query(max_length=60)] = "") -> HTMLResponse:
    """The form of a campaign, for this category where one is named."""
    asked = CampaignForm.empty()
    asked.values["category"] = category
    return _form(holder, asked)


@router.post("")
async def create(request: Request, holder: Operator) -> Response:
    """A draft for the contacts of a category."""
    async with page_form(request, holder) as form:
        asked = CampaignForm.read(form)
    return await run_in_threadpool(_create, holder, asked)


def _create(holder: Holder, asked: CampaignForm) -> Response:
    text = asked.values
    if not asked.problems:
        try:
            campaign_id = create_campaign(
                get_db(),
                text["name"],
                text["message"],
                (),
                text["follow_up"],
                categories=[text["category"]],
                hours=asked.hours,
                content=asked.content,
                actor=holder.name,
            )
            return RedirectResponse(f"/page/campaigns/{campaign_id}?done=created", status_code=303)
        except (UnknownCategoryError, TooLongError) as error:
            asked.refuse(error)
    return _form(holder, asked, status=422)


def _form(
    holder: Holder,
    asked: CampaignForm,
    campaign: Campaign | None = None,
    *,
    status: int = 200,
    overtaken: bool = False,
) -> HTMLResponse:
    with get_db().transaction() as connection:
        names = contacts.categories(connection, most=MOST_CATEGORIES)
        kept = audience.categories(connection, campaign.id) if campaign else []
        if campaign and asked.version is None:
            asked.version = draft_version(connection, campaign.id)
        edited = (
            action_log.last_on_campaign(connection, campaign.id, "campaign edited") if overtaken and campaign else None
        )
    return shown(
        "campaign_form",
        holder,
        status=status,
        section="campaigns",
        asked=asked,
        campaign=campaign,
        categories=names,
        kept=kept,
        overtaken=overtaken,
        edited=edited,
    )


@router.get("/{campaign_id}/edit")
def edit_form(holder: Operator, campaign_id: int) -> HTMLResponse:
    """The form of a draft."""
    campaign = found_campaign(campaign_id).campaign
    if campaign.status is not CampaignStatus.DRAFT:
        raise PageProblemError(409, "Seul un brouillon peut être modifié.")
    with get_db().transaction() as connection:
        kept = audience.categories(connection, campaign_id)
    return _form(holder, CampaignForm.of(campaign, kept), campaign)


@router.post("/{campaign_id}/edit")
async def edit(request: Request, holder: Operator, campaign_id: int) -> Response:
    """Gives a draft other words."""
    async with page_form(request, holder) as form:
        asked = CampaignForm.read(form, optional=("category",))
    return await run_in_threadpool(_edit, holder, campaign_id, asked)


def _edit(holder: Holder, campaign_id: int, asked: CampaignForm) -> Response:
    campaign, text = found_campaign(campaign_id).campaign, asked.values
    if not asked.problems:
        changes = drafts.Changes(
            name=text["name"],
            body=text["message"],
            follow_up=text["follow_up"],
            hours=asked.hours,
            content=asked.content,
        )
        if text["category"]:
            changes["categories"] = [text["category"]]
        try:
            drafts.edit_draft(get_db(), campaign_id, changes, actor=holder.name, version=asked.version)
            return RedirectResponse(f"/page/campaigns/{campaign_id}?done=edited", status_code=303)
        except (UnknownCategoryError, TooLongError) as error:
            asked.refuse(error)
        except DraftChangedError:
            # What was typed stays, beside what the draft says now: whoever saves again has seen it.
            asked.version = None
            return _form(holder, asked, found_campaign(campaign_id).campaign, status=409, overtaken=True)
        except CampaignStateError as error:
            raise PageProblemError(409, "Seul un brouillon peut être modifié.") from error
    return _form(holder, asked, campaign, status=422)


@router.post("/{campaign_id}/duplicate")
async def duplicate(request: Request, holder: Operator, campaign_id: int) -> Response:
    """A draft that says the same to the same contacts."""
    async with page_form(request, holder):
        return await run_in_threadpool(_duplicate, holder, campaign_id)


def _duplicate(holder: Holder, campaign_id: int) -> Response:
    name = f"Copie de {found_campaign(campaign_id).campaign.name}"[: LONGEST["name"]]
    made = drafts.copy_campaign(get_db(), campaign_id, name, actor=holder.name)
    return RedirectResponse(f"/page/campaigns/{made}?done=duplicated", status_code=303)
