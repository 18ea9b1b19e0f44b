"""The page on one person: everything stored of somebody, as a file, and the erasure."""

import json
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

from system.db.access_tokens import Holder
from system.db.database import get_db
from system.domain.roles import Role
from system.routers.page_identity import PageProblemError, page_form, page_user, text_of
from system.routers.page_shell import shown
from system.services.people import Erased, NoErasureKeyError, StillSendingError, erase_person, export_person

router = APIRouter(include_in_schema=False, prefix="/page/people")
Admin = Annotated[Holder, page_user(Role.ADMIN)]
NOT_A_NUMBER = "Ce n’est pas un numéro : il commence par + et l’indicatif du pays, comme +33639980001."


@router.get("")
def ask(holder: Admin) -> HTMLResponse:
    """The form."""
    return _page(holder)


def _page(holder: Holder, erased: Erased | None = None) -> HTMLResponse:
    return shown("person", holder, section="people", erased=erased)


@router.post("/export")
async def export(request: Request, holder: Admin) -> Response:
    """Everything stored of the person, as a file."""
    async with page_form(request, holder) as form:
        phone = text_of(form, "phone")
    try:
        found = await run_in_threadpool(export_person, get_db(), phone, actor=holder.name)
    except ValueError as error:
        raise PageProblemError(422, NOT_A_NUMBER) from error
    return Response(
        json.dumps(found, ensure_ascii=False, indent=2),
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="personne.json"'},
    )


@router.post("/erase")
async def erase(request: Request, holder: Admin) -> Response:
    """Erases the person, once the number was typed twice."""
    async with page_form(request, holder) as form:
        phone, again = text_of(form, "phone"), text_of(form, "again")
    if phone != again:
        raise PageProblemError(422, "Les deux numéros diffèrent : rien n’a été effacé.")
    try:
        erased = await run_in_threadpool(erase_person, get_db(), phone, actor=holder.name)
    except ValueError as error:
        raise PageProblemError(422, NOT_A_NUMBER) from error
    except StillSendingError as error:
        text = "Un message à cette personne est en cours d’envoi. Plus rien d’autre ne partira ; recommencez dans une minute."
        raise PageProblemError(409, text) from error
    except NoErasureKeyError as error:
        raise PageProblemError(
            503, "ERASURE_SECRET n’est pas défini : un numéro effacé ne serait plus reconnu."
        ) from error
    return _page(holder, erased)
