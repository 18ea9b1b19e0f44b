"""Who uses the page: a cookie that scripts cannot read, and a token in every form that another site cannot know."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from fastapi.params import Depends as Dependency
from starlette.datastructures import FormData

from system.db.access_tokens import Holder
from system.domain.roles import Role
from system.routers.identity import get_access
from system.routers.kept_form import KeptForm, comes_from_here
from system.services.access import LONGEST_SESSION, Issued

# The prefix makes browsers refuse the cookie unless it is this host's alone and came through TLS.
SECURE_COOKIE, PLAIN_COOKIE = "__Host-token", "token"
# A text of 4096 characters, each of twelve bytes at most as browsers write it; a campaign has 13 fields.
MOST_FIELD_BYTES, MOST_FIELDS = 65_536, 20


class LoginNeededError(Exception):
    """Nobody is logged in."""


class PageProblemError(Exception):
    """What is asked cannot be done; `text` (French) says why, and is shown with `status`, and a link to the `campaign`."""

    def __init__(self, status: int, text: str, *, campaign: int | None = None) -> None:
        super().__init__(text)
        self.status, self.text, self.campaign = status, text, campaign


class StaleFormError(PageProblemError):
    """The form's token is of another login; `kept` is what can be offered again, None where it must not be."""

    def __init__(self, kept: KeptForm | None) -> None:
        super().__init__(403, "La page a expiré : rechargez-la et recommencez.")
        self.kept = kept


def _cookie_name(request: Request) -> str:
    return SECURE_COOKIE if request.url.scheme == "https" else PLAIN_COOKIE


def give_cookie(request: Request, response: Response, issued: Issued) -> None:
    """Hands the token over; it ends with the browser's session at the latest."""
    response.set_cookie(
        _cookie_name(request),
        issued.token,
        # The row of the token ends the login; it slides while somebody is at work.
        max_age=max(issued.seconds, int(LONGEST_SESSION.total_seconds())),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def take_cookie(request: Request, response: Response) -> None:
    """Takes the cookie back."""
    response.delete_cookie(_cookie_name(request), httponly=True, samesite="strict")


def page_user(role: Role) -> Dependency:
    """Lets a route of the page be used by whoever is logged in with this role, or more; their login lasts on from now."""
    return Depends(_with_role(role, prolongs=True))  # type: ignore[no-any-return]


def page_watcher(role: Role) -> Dependency:
    """The same for what the page asks by itself: nobody is at work for that."""
    return Depends(_with_role(role, prolongs=False))  # type: ignore[no-any-return]


@lru_cache(maxsize=2 * len(Role))
def _with_role(role: Role, *, prolongs: bool) -> Callable[[Request], Holder]:
    def page_user_with_role(request: Request) -> Holder:
        holder = holder_of(request)
        if holder is None:
            raise LoginNeededError
        # For the page that says what cannot be done.
        request.state.holder = holder
        if not holder.role.covers(role):
            raise PageProblemError(403, "Votre compte ne permet pas cette action.")
        if prolongs:
            get_access().prolong(holder)
        return holder

    return page_user_with_role


def holder_of(request: Request) -> Holder | None:
    """Who is logged in, None where nobody is."""
    token = request.cookies.get(_cookie_name(request))
    return get_access().holder(token) if token else None


def had_cookie(request: Request) -> bool:
    """Whether somebody was logged in here before."""
    return _cookie_name(request) in request.cookies


def refuse_other_sites(request: Request) -> None:
    """What another site sent is not taken: asked of the browser, where there is no form token yet.

    Raises:
        PageProblemError: when the request comes from elsewhere.

    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    # Older browsers send no `Sec-Fetch-Site`; whoever sends neither is no browser, and has no cookies of anybody's.
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign if site is None else site not in {"same-origin", "none"}:
        raise PageProblemError(403, "La demande ne vient pas de cette page.")


@asynccontextmanager
async def page_form(request: Request, holder: Holder) -> AsyncIterator[FormData]:
    """The form's fields, once it has proved to be this page's; its files are closed when the block ends.

    Raises:
        StaleFormError: when it does not carry this login's token.
        PageProblemError: when it cannot be read.

    """
    async with read_form(request) as form:
        if not get_access().knows_form_token(holder, text_of(form, "form_token")):
            raise StaleFormError(KeptForm.of(request.url.path, form) if comes_from_here(request) else None)
        yield form


@asynccontextmanager
async def read_form(request: Request) -> AsyncIterator[FormData]:
    """The form's fields; its files are closed when the block ends.

    Raises:
        PageProblemError: when they cannot be read.

    """
    try:
        form = await request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=MOST_FIELD_BYTES)
    except UnicodeDecodeError as error:
        raise PageProblemError(400, "Le formulaire est illisible.") from error
    try:
        yield form
    finally:
        await form.close()


def text_of(form: FormData, name: str) -> str:
    """A text field without the blanks around it; empty when it is missing.

    Raises:
        PageProblemError: when it holds what cannot be stored.

    """
    value = form.get(name, "")
    text = value.strip() if isinstance(value, str) else ""
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise PageProblemError(422, "Un champ contient un caractère qui ne peut pas être enregistré.")
    return text
