"""What the page answers to what could not be done: in French, with its menu, and with what was typed where it can be kept."""

from contextlib import suppress

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from system.db.access_tokens import Holder
from system.page.rendering import FIELDS, rendered
from system.routers.identity import get_access
from system.routers.kept_form import KeptForm, comes_from_here, login_address
from system.routers.page_identity import (
    LoginNeededError,
    PageProblemError,
    StaleFormError,
    had_cookie,
    holder_of,
    read_form,
)
from system.routers.protection import is_of_the_page

FORM = "application/x-www-form-urlencoded"
WORDS = {
    400: "La demande est illisible.",
    404: "Cette page n’existe pas.",
    405: "Cette adresse ne s’ouvre pas par elle-même : elle sert à un bouton. Revenez à la page qui le montre.",
    413: "C’est trop gros : un fichier de contacts a 50 Mo au plus.",
    422: "Cette adresse est incomplète ou mal écrite.",
    500: "Une erreur du système a empêché la réponse. Regardez si ce que vous demandiez est fait avant de recommencer ; "
    "si elle revient, dites l’heure et l’adresse à qui s’occupe du système.",
    503: "Le système ne répond pas pour le moment : réessayez dans une minute.",
}
OTHERWISE = "Le système n’a pas pu répondre : réessayez dans une minute."


async def refused(request: Request, status: int, said: str = "", *, campaign: int | None = None) -> Response:
    """The page that says what is not possible, with the menu of whoever is logged in."""
    holder: Holder | None = getattr(request.state, "holder", None)
    if holder is None and status not in {500, 503}:
        holder = await run_in_threadpool(holder_of, request)
    token = get_access().form_token(holder) if holder else None
    text = said or WORDS.get(status, OTHERWISE)
    page = rendered("problem", problem=text, ours=status >= 500, campaign=campaign, holder=holder, form_token=token)
    return HTMLResponse(page, status_code=status)


def offered_again(kept: KeptForm, holder: Holder, *, status: int) -> HTMLResponse:
    """What was typed, to be sent again by one button with a token that is good."""
    typed = [(FIELDS[name], text) for name, text in kept.fields.items() if text and name in FIELDS]
    page = rendered("kept", kept=kept, typed=typed, holder=holder, form_token=get_access().form_token(holder))
    return HTMLResponse(page, status_code=status)


async def _to_login(request: Request) -> Response:
    ended = had_cookie(request)
    if request.headers.get("hx-request"):
        # A fragment of the login page in the middle of the old one would help nobody; whoever writes keeps their page.
        led = {} if request.url.path == "/page/alive" else {"HX-Redirect": login_address(request, ended=ended)}
        return Response(status_code=401, headers=led)
    plain = request.headers.get("content-type", "").partition(";")[0] == FORM
    if request.method == "POST" and plain and comes_from_here(request):
        kept = None
        with suppress(PageProblemError, HTTPException):
            async with read_form(request) as form:
                kept = KeptForm.of(request.url.path, form)
        if kept is not None:
            page = rendered("login", problem=None, holder=None, typed="", ended=True, kept=kept, back="")
            return HTMLResponse(page, status_code=401)
    return RedirectResponse(login_address(request, ended=ended), status_code=303)


def show_problems(app: FastAPI) -> None:
    """Gives `app` the page's answers to what could not be done."""

    @app.exception_handler(LoginNeededError)
    async def to_login(request: Request, _error: LoginNeededError) -> Response:
        return await _to_login(request)

    @app.exception_handler(StaleFormError)
    async def stale(request: Request, error: StaleFormError) -> Response:
        if error.kept is None:
            return await refused(request, error.status, error.text)
        return offered_again(error.kept, request.state.holder, status=error.status)

    @app.exception_handler(PageProblemError)
    async def problem(request: Request, error: PageProblemError) -> Response:
        return await refused(request, error.status, error.text, campaign=error.campaign)

    @app.exception_handler(HTTPException)
    async def of_the_framework(request: Request, error: HTTPException) -> Response:
        nowhere = error.status_code == 404 and error.detail == "Not Found"
        if is_of_the_page(request) or (nowhere and "text/html" in request.headers.get("accept", "")):
            return await refused(request, error.status_code)
        return await http_exception_handler(request, error)
