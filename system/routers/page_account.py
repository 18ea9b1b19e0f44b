"""One's own account on the page: another password, for whoever knows the one of now."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from system.db.access_tokens import Holder
from system.db.database import get_db
from system.domain.roles import Role
from system.routers.access import client_address
from system.routers.identity import get_access, get_passwords
from system.routers.page_identity import page_form, page_user, take_cookie
from system.routers.page_shell import shown
from system.services.access import LoginRefusedError, TooManyAttemptsError
from system.services.passwords import LONGEST, SHORTEST, PasswordError
from system.services.users import change_password

router = APIRouter(include_in_schema=False, prefix="/page/account")

Reader = Annotated[Holder, page_user(Role.READER)]
WRONG_PASSWORD = f"Un mot de passe a de {SHORTEST} à {LONGEST} caractères."


@router.get("")
def ask(holder: Reader) -> HTMLResponse:
    """The form."""
    return _form(holder)


def _form(holder: Holder, *, problems: Mapping[str, str] | None = None, status: int = 200) -> HTMLResponse:
    # No password goes back into a page.
    return shown("account", holder, status=status, section="account", problems=problems or {})


@router.post("")
async def change(request: Request, holder: Reader) -> Response:
    """Replaces the password, and ends every login of the account."""
    async with page_form(request, holder) as form:
        # The first name is the one that a page never offers again.
        now, new, again = (str(form.get(name, "")) for name in ("password", "new_password", "again"))
    if new != again:
        problems = {"again": "Les deux nouveaux mots de passe diffèrent."}
        return await run_in_threadpool(lambda: _form(holder, problems=problems, status=422))
    response = await run_in_threadpool(_change, holder, now, new, client_address(request))
    if response.status_code == 303:
        take_cookie(request, response)
    return response


def _change(holder: Holder, now: str, new: str, address: str) -> Response:
    if not SHORTEST <= len(new) <= LONGEST:
        return _form(holder, problems={"new_password": WRONG_PASSWORD}, status=422)
    try:
        # As a login: attempts are counted, and whoever found an open page does not guess.
        get_access().log_in(holder.name, now[:LONGEST], address)
        change_password(get_db(), get_passwords(), holder.name, new, actor=holder.name)
    except LoginRefusedError:
        return _form(holder, problems={"password": "Ce n’est pas votre mot de passe actuel."}, status=422)
    except TooManyAttemptsError as error:
        minutes = -(-error.retry_after // 60)
        return _form(holder, problems={"password": f"Trop de tentatives : réessayez dans {minutes} min."}, status=429)
    except PasswordError:
        return _form(holder, problems={"new_password": WRONG_PASSWORD}, status=422)
    return RedirectResponse("/page/login?changed=1", status_code=303)
