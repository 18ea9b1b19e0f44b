"""Campaigns on the page: tried, counted and confirmed before they leave, then followed."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from system.clock import utc_now
from system.config import get_settings
from system.db import action_log, audience, results
from system.db import trials as trial_rows
from system.db.access_tokens import Holder
from system.db.database import get_db
from system.domain.campaign_life import Resume, ScheduleError
from system.domain.consent import tells_how_to_refuse
from system.domain.daily_limit import DailyLimit
from system.domain.phone import PhoneNumber
from system.domain.roles import Role
from system.domain.statuses import CampaignStatus
from system.page.rendering import DEEDS as OFFERED
from system.page.rendering import rendered
from system.routers.campaigns import publish_or_leave
from system.routers.page_forms import schedule_of, typed_schedule
from system.routers.page_found import found_campaign
from system.routers.page_identity import PageProblemError, page_form, page_user, page_watcher, text_of
from system.routers.page_results import LATEST_REPLIES
from system.routers.page_shell import around, pace, shown
from system.services import cancelling, drafts, pausing, scheduling, trials
from system.services.before_launch import before_launch
from system.services.campaigns import (
    DraftChangedError,
    MissingValueError,
    NobodyToWriteToError,
    TextError,
    TooLongError,
    fingerprint,
    launch_campaign,
)
from system.services.monitoring import counters_of_today
from system.services.pausing import NothingToSendError
from system.services.statistics import Shown
from system.services.transitions import CampaignStateError

router = APIRouter(include_in_schema=False, prefix="/page/campaigns")

SHOWN_TESTS = 3
# What cannot be undone is asked twice.
CONFIRMED = ("start", "cancel", "delete")
BEFORE_LAUNCH = frozenset({CampaignStatus.DRAFT, CampaignStatus.SCHEDULED})
Reader = Annotated[Holder, page_user(Role.READER)]
Watcher = Annotated[Holder, page_watcher(Role.READER)]
Operator = Annotated[Holder, page_user(Role.OPERATOR)]
Number = Annotated[int, Query(ge=0, le=2**63 - 1)]
NOWHERE = "Cette page n’existe pas."
CHANGED = "C’est déjà fait, ou la campagne a changé d’état entre-temps."


@router.get("/{campaign_id}")
def show(
    holder: Reader, campaign_id: int, preview: Number = 0, done: Annotated[str, Query(max_length=40)] = ""
) -> HTMLResponse:
    """A campaign: its texts, its state, what comes before its launch and what came after."""
    return _campaign_page(holder, found_campaign(campaign_id), preview=preview, done=done)


@router.get("/{campaign_id}/live")
def live(holder: Watcher, campaign_id: int) -> HTMLResponse:
    """What changes while one looks at a campaign."""
    return HTMLResponse(rendered("campaign_live", shown=found_campaign(campaign_id), **around(holder), **pace()))


def _campaign_page(
    holder: Holder,
    found: Shown,
    *,
    preview: int = 0,
    done: str | None = None,
    status: int = 200,
    problems: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    campaign = found.campaign
    hours = campaign.hours or get_settings().hours
    with get_db().transaction() as connection:
        before = before_launch(connection, campaign.id, preview=preview) if campaign.status in BEFORE_LAUNCH else None
        tests = trial_rows.latest(connection, campaign.id, most=SHOWN_TESTS) if before else []
        launched = action_log.launch_of(connection, campaign.id) if not before else None
        categories = audience.categories(connection, campaign.id)
        replies = results.replies(connection, campaign.id, before=None, limit=LATEST_REPLIES)
    return shown(
        "campaign",
        holder,
        status=status,
        section="campaigns",
        flash=done,
        shown=found,
        hours=hours,
        planned=typed_schedule(campaign.scheduled_at, hours),
        before=before,
        launched=launched,
        tests=tests,
        categories=categories,
        replies=replies,
        problems=problems or {},
        typed=typed or {},
        **pace(),
    )


@router.get("/{campaign_id}/confirm/{deed}")
def confirm(request: Request, holder: Operator, campaign_id: int, deed: str) -> HTMLResponse:
    """Asks before what cannot be undone, with the number of those who will be written to."""
    found = found_campaign(campaign_id)
    if deed not in CONFIRMED:
        raise PageProblemError(404, NOWHERE)
    if deed not in dict(OFFERED.get(found.campaign.status, ())):
        raise PageProblemError(409, CHANGED, campaign=campaign_id)
    return _confirm_page(holder, found, deed, changed="changed" in request.query_params)


def _confirm_page(holder: Holder, found: Shown, deed: str, *, changed: bool = False, status: int = 200) -> HTMLResponse:
    starts, hours = deed == "start", found.campaign.hours or get_settings().hours
    with get_db().transaction() as connection:
        before = before_launch(connection, found.campaign.id) if starts else None
        as_shown = fingerprint(connection, found.campaign.id) if starts else ""
    limit = DailyLimit(get_settings().daily_message_limit)
    return shown(
        "confirm",
        holder,
        status=status,
        section="campaigns",
        shown=found,
        deed=deed,
        before=before,
        as_shown=as_shown,
        changed=changed,
        hours=hours,
        limit=limit,
        silent_on_refusal=starts and not found.campaign.template and not tells_how_to_refuse(found.campaign.message),
        left_today=_left_today(),
    )


@router.post("/{campaign_id}/schedule")
async def schedule(request: Request, holder: Operator, campaign_id: int) -> Response:
    """The campaign starts by itself at the day and hour of the form, in its own zone."""
    async with page_form(request, holder) as form:
        typed = {name: text_of(form, name) for name in ("date", "time")}
    return await run_in_threadpool(_schedule, holder, campaign_id, typed)


def _schedule(holder: Holder, campaign_id: int, typed: Mapping[str, str]) -> Response:
    found = found_campaign(campaign_id)
    try:
        at = schedule_of(typed, found.campaign.hours or get_settings().hours, utc_now())
        with get_db().transaction() as connection:
            ready = before_launch(connection, campaign_id).ready
        if not ready and found.campaign.status in BEFORE_LAUNCH:
            wrong = "La campagne ne pourrait pas partir : corrigez d’abord ce qui est dit sous « À qui »."
            return _campaign_page(holder, found, status=409, problems={"date": wrong}, typed=typed)
        scheduling.schedule_campaign(get_db(), campaign_id, at, actor=holder.name)
    except ScheduleError as error:
        return _campaign_page(holder, found, status=422, problems={"date": error.french}, typed=typed)
    except CampaignStateError as error:
        raise PageProblemError(409, "La campagne est déjà partie, ou finie.") from error
    return RedirectResponse(f"/page/campaigns/{campaign_id}?done=scheduled", status_code=303)


@router.post("/{campaign_id}/test")
async def test(request: Request, holder: Operator, campaign_id: int) -> Response:
    """Sends the campaign's text to one number, as its first contact would read it."""
    async with page_form(request, holder) as form:
        typed = {"phone": text_of(form, "phone")}
    return await run_in_threadpool(_test, holder, campaign_id, typed)


def _test(holder: Holder, campaign_id: int, typed: Mapping[str, str]) -> Response:
    found = found_campaign(campaign_id)
    try:
        phone = PhoneNumber.from_person(typed["phone"][:40], region=get_settings().default_region)
    except ValueError:
        wrong = "Ce n’est pas un numéro de téléphone : écrivez par exemple +33 6 12 34 56 78."
        return _campaign_page(holder, found, status=422, problems={"phone": wrong}, typed=typed)
    try:
        publish_or_leave(trials.try_campaign(get_db(), campaign_id, phone, actor=holder.name))
        with get_db().transaction() as connection:
            last = trial_rows.latest(connection, campaign_id, most=1)
    except MissingValueError:
        wrong = "Aucun contact ne peut prêter son nom à l’essai : choisissez une catégorie, ou donnez une valeur par défaut."
        return _campaign_page(holder, found, status=409, problems={"phone": wrong}, typed=typed)
    except TooLongError:
        wrong = "Une fois rempli, le texte est trop long : raccourcissez-le."
        return _campaign_page(holder, found, status=409, problems={"phone": wrong}, typed=typed)
    except NobodyToWriteToError:
        wrong = "Ce numéro ne peut pas recevoir de message : il n’est pas sur WhatsApp."
        return _campaign_page(holder, found, status=409, problems={"phone": wrong}, typed=typed)
    if last and last[0].status == "opted_out":
        wrong = "Ce numéro est désinscrit : l’essai ne partira pas."
        return _campaign_page(holder, found, status=409, problems={"phone": wrong}, typed=typed)
    done = "tried" if _left_today() else "tried-later"
    return RedirectResponse(f"/page/campaigns/{campaign_id}?done={done}", status_code=303)


def _left_today() -> int:
    settings = get_settings()
    counted = counters_of_today(get_db(), settings.hours.zone)
    return DailyLimit(settings.daily_message_limit).left_for_message_1(counted)


def _pause(campaign_id: int, actor: str) -> None:
    pausing.pause_campaign(get_db(), campaign_id, actor=actor)


def _resume(which: Resume) -> Callable[[int, str], None]:
    def resume(campaign_id: int, actor: str) -> None:
        publish_or_leave(pausing.resume_campaign(get_db(), campaign_id, which=which, actor=actor))

    return resume


def _cancel(campaign_id: int, actor: str) -> None:
    cancelling.cancel_campaign(get_db(), campaign_id, actor=actor)


def _delete(campaign_id: int, actor: str) -> None:
    drafts.delete_draft(get_db(), campaign_id, actor=actor)


def _unschedule(campaign_id: int, actor: str) -> None:
    drafts.unschedule(get_db(), campaign_id, actor=actor)


def _start(shown: str) -> Callable[[int, str], None]:
    def start(campaign_id: int, actor: str) -> None:
        publish_or_leave(launch_campaign(get_db(), campaign_id, shown=shown, actor=actor))

    return start


DEEDS: Mapping[str, Callable[[int, str], None]] = {
    "pause": _pause,
    "resume": _resume(Resume.PENDING),
    "resume-failed": _resume(Resume.FAILED),
    "resume-all": _resume(Resume.ALL),
    "cancel": _cancel,
    "delete": _delete,
    "unschedule": _unschedule,
}


@router.post("/{campaign_id}/{deed}")
async def act(request: Request, holder: Operator, campaign_id: int, deed: str) -> Response:
    """Starts, pauses, resumes or cancels a campaign; what cannot be undone has to be confirmed."""
    async with page_form(request, holder) as form:
        confirmed, as_shown = text_of(form, "confirmed") == "yes", text_of(form, "shown")
    perform = _start(as_shown) if deed == "start" else DEEDS.get(deed)
    if perform is None:
        raise PageProblemError(404, NOWHERE)
    await run_in_threadpool(found_campaign, campaign_id)
    if deed in CONFIRMED and not confirmed:
        return RedirectResponse(f"/page/campaigns/{campaign_id}/confirm/{deed}", status_code=303)
    try:
        await run_in_threadpool(perform, campaign_id, holder.name)
    except DraftChangedError:
        return RedirectResponse(f"/page/campaigns/{campaign_id}/confirm/start?changed", status_code=303)
    except (NobodyToWriteToError, TextError):
        # It says why, and has no button.
        return await run_in_threadpool(lambda: _confirm_page(holder, found_campaign(campaign_id), deed, status=409))
    except NothingToSendError as error:
        raise PageProblemError(409, "Aucun de ces messages ne peut plus être envoyé.") from error
    except CampaignStateError as error:
        raise PageProblemError(409, CHANGED, campaign=campaign_id) from error
    there = "/?done=deleted" if deed == "delete" else f"/page/campaigns/{campaign_id}?done={deed}"
    return RedirectResponse(there, status_code=303)
