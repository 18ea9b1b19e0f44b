"""Who may log in, on the page of an administrator."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from system.db.access_tokens import Holder
from system.db.database import get_db
from system.domain.roles import Role
from system.routers.identity import get_passwords
from system.routers.page_identity import PageProblemError, page_form, page_user, text_of
from system.routers.page_shell import shown
from system.services.passwords import LONGEST, SHORTEST, PasswordError
from system.services.users import UserError, add_user, change_password, enable_user, list_users

router = APIRouter(include_in_schema=False, prefix="/page/users")

Admin = Annotated[Holder, page_user(Role.ADMIN)]
WRONG_PASSWORD = f"Un mot de passe a de {SHORTEST} à {LONGEST} caractères."
WRONG_NAME = "Ce nom est pris, ou n’est pas fait de petites lettres, de chiffres et de . _ @ + - (64 au plus)."


@router.get("")
def show(holder: Admin, done: Annotated[str, Query(max_length=40)] = "") -> HTMLResponse:
    """Everybody who may log in."""
    return _users(holder, done=done)


def _users(
    holder: Holder,
    *,
    done: str = "",
    status: int = 200,
    problems: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> HTMLResponse:
    return shown(
        "users",
        holder,
        section="users",
        status=status,
        flash=done,
        users=list_users(get_db()),
        problems=problems or {},
        typed=typed or {},
    )


@router.post("")
async def add(request: Request, holder: Admin) -> Response:
    """A new account."""
    async with page_form(request, holder) as form:
        typed = {name: text_of(form, name) for name in ("name", "role")}
        password = form.get("password", "")
    return await run_in_threadpool(_add, holder, typed, str(password))


def _add(holder: Holder, typed: dict[str, str], password: str) -> Response:
    if typed["role"] not in list(Role):
        return _users(holder, status=422, problems={"role": "Choisissez un rôle."}, typed=typed)
    try:
        add_user(get_db(), get_passwords(), typed["name"], Role(typed["role"]), password, actor=holder.name)
    except PasswordError:
        return _users(holder, status=422, problems={"password": WRONG_PASSWORD}, typed=typed)
    except UserError:
        return _users(holder, status=422, problems={"name": WRONG_NAME}, typed=typed)
    return RedirectResponse("/page/users?done=user-added", status_code=303)


@router.get("/{name}/disable")
def ask_to_close(holder: Admin, name: str) -> HTMLResponse:
    """Asks before somebody is shut out."""
    user = next((each for each in list_users(get_db()) if each.name == name and each.enabled), None)
    if user is None:
        raise PageProblemError(404, "Ce compte n’existe pas, ou est déjà fermé.")
    return shown("confirm_close", holder, section="users", user=user)


@router.post("/{name}/{deed}")
async def change(request: Request, holder: Admin, name: str, deed: str) -> Response:
    """Closes or opens an account again, or gives it another password."""
    async with page_form(request, holder) as form:
        password = str(form.get("password", ""))
    return await run_in_threadpool(_change, holder, name, deed, password)


def _change(holder: Holder, name: str, deed: str, password: str) -> Response:
    if deed == "disable" and name == holder.name:
        raise PageProblemError(409, "Vous ne pouvez pas fermer votre propre compte.")
    try:
        match deed:
            case "disable" | "enable":
                enable_user(get_db(), name, enabled=deed == "enable", actor=holder.name)
            case "password":
                change_password(get_db(), get_passwords(), name, password, actor=holder.name)
            case _:
                raise PageProblemError(404, "Cette page n’existe pas.")
    except UserError as error:
        raise PageProblemError(404, "Ce compte n’existe pas.") from error
    except PasswordError:
        return _users(holder, status=422, problems={f"password-{name}": WRONG_PASSWORD})
    done = {"disable": "user-disabled", "enable": "user-enabled", "password": "user-password"}[deed]
    return RedirectResponse(f"/page/users?done={done}", status_code=303)
