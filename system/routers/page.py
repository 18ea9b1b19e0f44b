"""The administration's page, in French, rendered here: login, campaigns with their progress, the daily gauge."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from system.config import get_settings
from system.db import campaign_list
from system.db.access_tokens import Holder
from system.db.database import Database, get_db
from system.domain.daily_limit import DailyLimit
from system.domain.roles import Role
from system.domain.statuses import CAMPAIGN_IS_OVER, CampaignStatus
from system.page.rendering import rendered
from system.routers.access import client_address
from system.routers.identity import get_access
from system.routers.kept_form import KeptForm, is_ours
from system.routers.page_identity import (
    give_cookie,
    page_form,
    page_user,
    page_watcher,
    read_form,
    refuse_other_sites,
    take_cookie,
    text_of,
)
from system.routers.page_problems import offered_again
from system.routers.page_shell import around, pace
from system.services import monitoring, statistics
from system.services.access import LoginRefusedError, TooManyAttemptsError

router = APIRouter(include_in_schema=False)

SHOWN_CAMPAIGNS = 20
ASSETS = {
    "htmx.min.js": "text/javascript",
    "idiomorph-ext.min.js": "text/javascript",
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
Reader = Annotated[Holder, page_user(Role.READER)]
Watcher = Annotated[Holder, page_watcher(Role.READER)]


@dataclass(frozen=True)
class Asked:
    """Which campaigns are shown: of one state, those that are not over, or all; by words of their name; older than `before`."""

    which: CampaignStatus | Literal["current", "all"] = "current"
    text: Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")] = ""
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None

    @property
    def statuses(self) -> Iterable[CampaignStatus]:
        if isinstance(self.which, CampaignStatus):
            return [self.which]
        return [status for status in CampaignStatus if self.which == "all" or status not in CAMPAIGN_IS_OVER]

    def address(self, **other: object) -> str:
        """The same list, but for what is said otherwise, as the end of an address."""
        said = {"which": self.which, "text": self.text.strip(), "before": self.before} | other
        kept = {name: value for name, value in said.items() if value and (name, value) != ("which", "current")}
        return f"?{urlencode(kept)}" if kept else ""


Listed = Annotated[Asked, Depends()]


@router.get("/static/{name}")
def asset(name: str) -> Response:
    """The style and the script, which anybody may read."""
    if name not in ASSETS:
        return Response(status_code=404)
    content = (files("system.page") / "static" / name).read_bytes()
    return Response(content, media_type=ASSETS[name], headers={"Cache-Control": "public, max-age=3600"})


@router.get("/page/login")
def login_form(
    back: Annotated[str, Query(alias="next", max_length=500)] = "",
    ended: Annotated[str, Query(max_length=1)] = "",
    changed: Annotated[str, Query(max_length=1)] = "",
) -> HTMLResponse:
    """Asks who is there."""
    return _login_page(back=back, ended=bool(ended), changed=bool(changed))


@router.post("/page/login")
async def log_in(request: Request) -> Response:
    """Lets somebody in, by a cookie, and leads back to where they were, with what they had typed."""
    refuse_other_sites(request)
    async with read_form(request) as form:
        name, password, back = text_of(form, "name"), form.get("password", ""), text_of(form, "next")
        kept = KeptForm.of_login(form)

    def again(problem: str, status: int) -> HTMLResponse:
        return _login_page(problem=problem, status=status, typed=name, back=back, kept=kept)

    if not (0 < len(name) <= 64 and name.isprintable() and isinstance(password, str) and len(password) <= 128):
        return again("Nom inconnu ou mot de passe erroné.", 401)
    try:
        issued = await run_in_threadpool(get_access().log_in, name, password, client_address(request))
    except LoginRefusedError:
        return again("Nom inconnu ou mot de passe erroné.", 401)
    except TooManyAttemptsError as error:
        minutes = -(-error.retry_after // 60)
        return again(f"Trop de tentatives : réessayez dans {minutes} min.", 429)
    holder = await run_in_threadpool(get_access().holder, issued.token) if kept else None
    response: Response
    if kept and holder:
        response = offered_again(kept, holder, status=200)
    else:
        response = RedirectResponse(back if is_ours(back) else "/", status_code=303)
    give_cookie(request, response, issued)
    return response


def _login_page(
    *,
    problem: str | None = None,
    status: int = 200,
    typed: str = "",
    back: str = "",
    ended: bool = False,
    changed: bool = False,
    kept: KeptForm | None = None,
) -> HTMLResponse:
    flash = "Le mot de passe est changé\N{NO-BREAK SPACE}: connectez-vous." if changed else None
    page = rendered("login", problem=problem, holder=None, typed=typed, back=back, ended=ended, kept=kept, flash=flash)
    return HTMLResponse(page, status_code=status)


@router.post("/page/logout")
async def log_out(request: Request, holder: Reader) -> Response:
    """Revokes the token and takes the cookie back."""
    async with page_form(request, holder):
        await run_in_threadpool(get_access().log_out, holder)
    response = RedirectResponse("/page/login", status_code=303)
    take_cookie(request, response)
    return response


@router.get("/")
def home(holder: Reader, asked: Listed, done: Annotated[str, Query(max_length=40)] = "") -> HTMLResponse:
    """The campaigns."""
    return HTMLResponse(rendered("home", **_live(get_db(), holder, asked, done)))


@router.get("/page/alive", status_code=204)
def alive(_holder: Reader) -> Response:
    """Asked while somebody types: the login lasts for as long as they are at work."""
    return Response(status_code=204)


@router.get("/page/live")
def live(holder: Watcher, asked: Listed) -> HTMLResponse:
    """What changes while one looks."""
    return HTMLResponse(rendered("live", **_live(get_db(), holder, asked)))


def _live(db: Database, holder: Holder, asked: Asked, done: str = "") -> Mapping[str, Any]:
    with db.transaction() as connection:
        found = campaign_list.page(
            connection, before=asked.before, limit=SHOWN_CAMPAIGNS, statuses=asked.statuses, text=asked.text
        )
        over = campaign_list.count(connection, statuses=CAMPAIGN_IS_OVER, text=asked.text)
    return {
        **around(holder, section="campaigns", flash=done),
        **pace(),
        "asked": asked,
        "over": over if asked.which == "current" else 0,
        "campaigns": [statistics.show(db, campaign.id) for campaign in found],
        "older": found[-1].id if len(found) == SHOWN_CAMPAIGNS else None,
        "gauge": _gauge(db),
    }


def _gauge(db: Database) -> Mapping[str, Any]:
    settings = get_settings()
    limit = DailyLimit(settings.daily_message_limit)
    counted = monitoring.counters_of_today(db, settings.hours.zone)
    used = counted.message_1 + counted.message_2
    left = limit.left_for_message_1(counted)
    return {"level": limit.level(counted).value, "used": used, "left": left, "zone": settings.sending_zone}
