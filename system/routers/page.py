"""The administration's page, in French, rendered here: login, campaigns with their progress, the daily gauge."""

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from system.clock import utc_now
from system.config import get_settings
from system.db import campaign_list, contacts, gateway_breaker
from system.db.access_tokens import Holder
from system.db.database import Database, get_db
from system.domain.campaign_life import Resume
from system.domain.counters import DayCounters
from system.domain.daily_limit import DailyLimit
from system.domain.roles import Role
from system.page.rendering import rendered
from system.routers.access import client_address
from system.routers.campaigns import publish_or_leave
from system.routers.identity import get_access
from system.routers.page_identity import (
    PageProblemError,
    give_cookie,
    page_form,
    page_user,
    read_form,
    refuse_other_sites,
    take_cookie,
    text_of,
)
from system.services import cancelling, monitoring, pausing, statistics
from system.services.access import LoginRefusedError, TooManyAttemptsError
from system.services.campaigns import NobodyToWriteToError, create_campaign, launch_campaign
from system.services.pausing import NothingToSendError
from system.services.transitions import CampaignStateError, UnknownCampaignError

router = APIRouter(include_in_schema=False)

SHOWN_CAMPAIGNS = 20
MOST_CATEGORIES = 200
ASSETS = {
    "htmx.min.js": "text/javascript",
    "page.css": "text/css",
    "icon.svg": "image/svg+xml",
}
Reader = Annotated[Holder, page_user(Role.READER)]
Operator = Annotated[Holder, page_user(Role.OPERATOR)]
Before = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


@router.get("/static/{name}")
def asset(name: str) -> Response:
    """The style and the script, which anybody may read."""
    if name not in ASSETS:
        return Response(status_code=404)
    content = (files("system.page") / "static" / name).read_bytes()
    return Response(content, media_type=ASSETS[name], headers={"Cache-Control": "public, max-age=3600"})


@router.get("/page/login")
def login_form() -> HTMLResponse:
    """Asks who is there."""
    return HTMLResponse(rendered("login", problem=None, holder=None))


@router.post("/page/login")
async def log_in(request: Request) -> Response:
    """Lets somebody in, by a cookie."""
    refuse_other_sites(request)
    async with read_form(request) as form:
        name, password = text_of(form, "name"), form.get("password", "")
    if not (0 < len(name) <= 64 and name.isprintable() and isinstance(password, str) and len(password) <= 128):
        return _login_again("Nom inconnu ou mot de passe erroné.", 401)
    try:
        issued = await run_in_threadpool(get_access().log_in, name, password, client_address(request))
    except LoginRefusedError:
        return _login_again("Nom inconnu ou mot de passe erroné.", 401)
    except TooManyAttemptsError as error:
        minutes = -(-error.retry_after // 60)
        return _login_again(f"Trop de tentatives : réessayez dans {minutes} min.", 429)
    response = RedirectResponse("/", status_code=303)
    give_cookie(request, response, issued)
    return response


def _login_again(problem: str, status: int) -> HTMLResponse:
    return HTMLResponse(rendered("login", problem=problem, holder=None), status_code=status)


@router.post("/page/logout")
async def log_out(request: Request, holder: Reader) -> Response:
    """Revokes the token and takes the cookie back."""
    async with page_form(request, holder):
        await run_in_threadpool(get_access().log_out, holder)
    response = RedirectResponse("/page/login", status_code=303)
    take_cookie(request, response)
    return response


@router.get("/")
def home(holder: Reader, before: Before = None) -> HTMLResponse:
    """The campaigns, and the forms of whoever may act."""
    with get_db().transaction() as connection:
        categories = contacts.categories(connection, most=MOST_CATEGORIES)
    return HTMLResponse(rendered("home", categories=categories, **_live(get_db(), holder, before)))


@router.get("/page/live")
def live(holder: Reader, before: Before = None) -> HTMLResponse:
    """What changes while one looks."""
    return HTMLResponse(rendered("live", **_live(get_db(), holder, before)))


def _live(db: Database, holder: Holder, before: int | None) -> Mapping[str, Any]:
    with db.transaction() as connection:
        found = campaign_list.page(connection, before=before, limit=SHOWN_CAMPAIGNS)
        held = gateway_breaker.hold(connection)
    return {
        "held": held,
        "before": before,
        "holder": holder,
        "form_token": get_access().form_token(holder),
        "may_act": holder.role.covers(Role.OPERATOR),
        "campaigns": [statistics.show(db, campaign.id) for campaign in found],
        "older": found[-1].id if len(found) == SHOWN_CAMPAIGNS else None,
        "gauge": _gauge(db),
    }


def _gauge(db: Database) -> Mapping[str, Any]:
    settings = get_settings()
    today, limit = utc_now().astimezone(settings.hours.zone).date(), DailyLimit(settings.daily_message_limit)
    counted = next((day for day in monitoring.latest_counters(db) if day.day == today), DayCounters(today, 0, 0, 0))
    used = counted.message_1 + counted.message_2
    return {"level": limit.level(counted).value, "used": used, "total": limit.total, "zone": settings.sending_zone}


def _start(campaign_id: int, actor: str) -> None:
    publish_or_leave(launch_campaign(get_db(), campaign_id, actor=actor))


def _pause(campaign_id: int, actor: str) -> None:
    pausing.pause_campaign(get_db(), campaign_id, actor=actor)


def _resume(which: Resume) -> Callable[[int, str], None]:
    def resume(campaign_id: int, actor: str) -> None:
        publish_or_leave(pausing.resume_campaign(get_db(), campaign_id, which=which, actor=actor))

    return resume


def _cancel(campaign_id: int, actor: str) -> None:
    cancelling.cancel_campaign(get_db(), campaign_id, actor=actor)


DEEDS: Mapping[str, Callable[[int, str], None]] = {
    "start": _start,
    "pause": _pause,
    "resume": _resume(Resume.PENDING),
    "resume-failed": _resume(Resume.FAILED),
    "resume-all": _resume(Resume.ALL),
    "cancel": _cancel,
}


@router.post("/page/campaigns/{campaign_id}/{deed}")
async def act(request: Request, holder: Operator, campaign_id: int, deed: str) -> Response:
    """Starts, pauses, resumes or cancels a campaign."""
    async with page_form(request, holder):
        pass
    if deed not in DEEDS:
        raise PageProblemError(404, "Cette page n’existe pas.")
    try:
        await run_in_threadpool(DEEDS[deed], campaign_id, holder.name)
    except UnknownCampaignError as error:
        raise PageProblemError(404, "Cette campagne n’existe pas.") from error
    except NobodyToWriteToError as error:
        text = "Aucun contact de cette campagne ne peut recevoir de message : il faut un consentement enregistré."
        raise PageProblemError(409, text) from error
    except NothingToSendError as error:
        raise PageProblemError(409, "Aucun de ces messages ne peut plus être envoyé.") from error
    except CampaignStateError as error:
        raise PageProblemError(409, "La campagne a changé d’état entre-temps : rechargez la page.") from error
    return RedirectResponse("/", status_code=303)


@router.post("/page/campaigns")
async def create(request: Request, holder: Operator) -> Response:
    """A draft for the contacts of a category."""
    async with page_form(request, holder) as form:
        name, category, message, follow_up = (text_of(form, f) for f in ("name", "category", "message", "follow_up"))
    if not (name and category and message and follow_up):
        raise PageProblemError(422, "Il manque un nom, une catégorie ou un message.")
    if max(len(name) / 200, len(category) / 60, len(message) / 4096, len(follow_up) / 4096) > 1:
        raise PageProblemError(422, "Un champ est trop long.")
    try:
        await run_in_threadpool(
            lambda: create_campaign(get_db(), name, message, (), follow_up, categories=[category], actor=holder.name)
        )
    except ValueError as error:
        raise PageProblemError(422, f"La catégorie « {category} » n’existe pas.") from error
    return RedirectResponse("/", status_code=303)
