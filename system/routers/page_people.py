"""The page on one person: everything stored of somebody, as a file, and the erasure."""

import json
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

from system.config import get_settings
from system.db.access_tokens import Holder
from system.db.database import get_db
from system.domain.phone import PhoneNumber
from system.domain.roles import Role
from system.routers.page_identity import PageProblemError, page_form, page_user, text_of
from system.routers.page_shell import shown
from system.services.people import (
    Erased,
    NoErasureKeyError,
    StillSendingError,
    erase_person,
    export_person,
    knows_person,
)

router = APIRouter(include_in_schema=False, prefix="/page/people")
Admin = Annotated[Holder, page_user(Role.ADMIN)]
NOT_A_NUMBER = "Ce n’est pas un numéro de téléphone : écrivez par exemple 06 12 34 56 78 ou +33 6 12 34 56 78."


@router.get("")
def ask(holder: Admin) -> HTMLResponse:
    """The form."""
    return _page(holder)


def _page(
    holder: Holder,
    *,
    erased: Erased | None = None,
    unknown: str = "",
    problems: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    return shown(
        "person",
        holder,
        status=status,
        section="people",
        erased=erased,
        unknown=unknown,
        problems=problems or {},
        typed=typed or {},
    )


def _number(text: str) -> PhoneNumber | None:
    try:
        return PhoneNumber.from_person(text, region=get_settings().default_region)
    except ValueError:
        return None


@router.post("/export")
async def export(request: Request, holder: Admin) -> Response:
    """Everything stored of the person, as a file."""
    async with page_form(request, holder) as form:
        typed = {"export-phone": text_of(form, "phone")}
    return await run_in_threadpool(_export, holder, typed)


def _export(holder: Holder, typed: Mapping[str, str]) -> Response:
    phone = _number(typed["export-phone"])
    if phone is None:
        return _page(holder, problems={"export-phone": NOT_A_NUMBER}, typed=typed, status=422)
    if not knows_person(get_db(), phone):
        nobody = "Personne n’a ce numéro : rien n’est enregistré sous lui."
        return _page(holder, problems={"export-phone": nobody}, typed=typed, status=404)
    found = export_person(get_db(), phone, actor=holder.name)
    return Response(
        json.dumps(found, ensure_ascii=False, indent=2),
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="personne.json"'},
    )


@router.post("/erase")
async def erase(request: Request, holder: Admin) -> Response:
    """Erases the person, once the number was typed twice; a number nobody has is barred only if that is asked for."""
    async with page_form(request, holder) as form:
        typed = {"erase-phone": text_of(form, "phone"), "erase-again": text_of(form, "again")}
        anyway = text_of(form, "anyway") == "yes"
    return await run_in_threadpool(_erase, holder, typed, anyway=anyway)


def _erase(holder: Holder, typed: Mapping[str, str], *, anyway: bool) -> Response:
    phone = _number(typed["erase-phone"])
    if phone is None:
        return _page(holder, problems={"erase-phone": NOT_A_NUMBER}, typed=typed, status=422)
    if phone != _number(typed["erase-again"]):
        differ = "Les deux numéros diffèrent : rien n’a été effacé."
        return _page(holder, problems={"erase-again": differ}, typed=typed, status=422)
    if not anyway and not knows_person(get_db(), phone):
        return _page(holder, unknown=phone, typed=typed, status=404)
    try:
        return _page(holder, erased=erase_person(get_db(), phone, actor=holder.name))
    except StillSendingError as error:
        text = "Un message à cette personne est en cours d’envoi. Plus rien d’autre ne partira ; recommencez dans une minute."
        raise PageProblemError(409, text) from error
    except NoErasureKeyError as error:
        raise PageProblemError(
            503, "ERASURE_SECRET n’est pas défini : un numéro effacé ne serait plus reconnu."
        ) from error
