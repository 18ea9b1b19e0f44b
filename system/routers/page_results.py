"""What became of each contact of a campaign, on the page and as a file, and the replies."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, StreamingResponse

from system.config import get_settings
from system.db import results
from system.db.access_tokens import Holder
from system.db.database import get_db
from system.domain.roles import Role
from system.page.rendering import OUTCOMES, outcome_words, rendered
from system.routers.page_found import found_campaign
from system.routers.page_identity import page_user, page_watcher
from system.routers.page_shell import shown
from system.services.results_file import results_file

router = APIRouter(include_in_schema=False, prefix="/page/campaigns")

PAGE, LATEST_REPLIES = 50, 5
Reader = Annotated[Holder, page_user(Role.READER)]
Watcher = Annotated[Holder, page_watcher(Role.READER)]
Position = Annotated[int, Query(ge=0, le=2**63 - 1)]
CampaignId = Annotated[int, Path(ge=1, le=2**63 - 1)]


# How contacts ended; `open`: not yet.
Ended = Annotated[str | None, Query(pattern=f"^({'|'.join(OUTCOMES)})?$")]


@router.get("/{campaign_id}/results")
def show(holder: Reader, campaign_id: CampaignId, outcome: Ended = None, after: Position = 0) -> HTMLResponse:
    """Contacts one by one."""
    campaign = found_campaign(campaign_id).campaign
    with get_db().transaction() as connection:
        found = results.by_contact(connection, campaign_id, outcome=outcome or None, after=after, limit=PAGE)
    return shown(
        "results",
        holder,
        section="campaigns",
        campaign=campaign,
        results=found,
        outcome=outcome or None,
        all_outcomes=list(OUTCOMES),
        next_after=found[-1].message_id if len(found) == PAGE else None,
    )


@router.get("/{campaign_id}/results.csv")
def download(_holder: Reader, campaign_id: CampaignId) -> StreamingResponse:
    """The same for everybody, as a file."""
    found_campaign(campaign_id)
    zone = get_settings().hours.zone

    def moment(at: datetime) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"

    lines = results_file(get_db(), campaign_id, words=outcome_words, moment=moment)
    headers = {"Content-Disposition": f'attachment; filename="campagne-{campaign_id}.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/{campaign_id}/replies/live")
def latest_replies(_holder: Watcher, campaign_id: CampaignId) -> HTMLResponse:
    """The newest answers, which the page of a campaign asks for by itself."""
    found_campaign(campaign_id)
    with get_db().transaction() as connection:
        found = results.replies(connection, campaign_id, before=None, limit=LATEST_REPLIES)
    return HTMLResponse(rendered("reply_list", replies=found))


@router.get("/{campaign_id}/replies")
def replies(holder: Reader, campaign_id: CampaignId, before: Position = 2**63 - 1) -> HTMLResponse:
    """What contacts answered, newest first."""
    campaign = found_campaign(campaign_id).campaign
    with get_db().transaction() as connection:
        found = results.replies(connection, campaign_id, before=before, limit=PAGE)
    older = found[-1].id if len(found) == PAGE else None
    return shown("replies", holder, section="campaigns", campaign=campaign, replies=found, older=older)
