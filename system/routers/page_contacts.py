"""Contacts on the page: found, corrected, taken off the list, and their consents."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from system.clock import utc_now
from system.db import contact_list
from system.db.access_tokens import Holder
from system.db.contact_list import Listed, Which
from system.db.database import get_db
from system.domain.roles import Role
from system.routers.page_identity import PageProblemError, page_form, page_user, text_of
from system.routers.page_shell import shown
from system.services.consent import ConsentError, consent_again
from system.services.contact_edits import (
    ConsentNotNeededError,
    UnknownContactError,
    record_consent,
    rename_contact,
    take_off,
)

router = APIRouter(include_in_schema=False, prefix="/page/contacts")

PAGE = 50
LONGEST_NAME, LONGEST_SOURCE = 100, 200
# How a refusal came, as it is stored, and in French.
REFUSALS = {
    "message": "par un message",
    "operator": "par un opérateur",
    "example": "pour l’exemple",
    "erasure": "effacement",
}
NO_CONTACT = "Ce contact n’existe pas."
Reader = Annotated[Holder, page_user(Role.READER)]
Operator = Annotated[Holder, page_user(Role.OPERATOR)]
Text = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")]
Position = Annotated[int, Query(ge=0, le=2**63 - 1)]
ContactId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("")
def search(holder: Reader, text: Text = "", which: Which = Which.ALL, after: Position = 0) -> HTMLResponse:
    """Contacts by number or name, and those who cannot be written to."""
    with get_db().transaction() as connection:
        found = contact_list.page(connection, text=text.strip(), which=which, after=after, limit=PAGE)
    return shown(
        "contacts",
        holder,
        section="contacts",
        contacts=found,
        text=text,
        which=which.value,
        next_after=found[-1].id if len(found) == PAGE else None,
    )


def _found(contact_id: int) -> Listed:
    with get_db().transaction() as connection:
        found = contact_list.by_id(connection, contact_id)
    if found is None:
        raise PageProblemError(404, NO_CONTACT)
    return found


def _contact_page(
    holder: Holder,
    contact_id: int,
    *,
    done: str = "",
    status: int = 200,
    problems: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> HTMLResponse:
    contact = _found(contact_id)
    return shown(
        "contact",
        holder,
        section="contacts",
        status=status,
        flash=done,
        contact=contact,
        refused_by=REFUSALS.get(contact.refusal_source or "", contact.refusal_source),
        problems=problems or {},
        typed=typed or {},
    )


@router.get("/{contact_id}")
def show(holder: Reader, contact_id: ContactId, done: Annotated[str, Query(max_length=40)] = "") -> HTMLResponse:
    """One contact."""
    return _contact_page(holder, contact_id, done=done)


@router.post("/{contact_id}")
async def rename(request: Request, holder: Operator, contact_id: ContactId) -> Response:
    """Corrects a name."""
    async with page_form(request, holder) as form:
        typed = {name: " ".join(text_of(form, name).split()) for name in ("first_name", "last_name")}
    problems = {name: "100 caractères au plus." for name, text in typed.items() if len(text) > LONGEST_NAME}
    if problems:
        return await run_in_threadpool(
            lambda: _contact_page(holder, contact_id, status=422, problems=problems, typed=typed)
        )
    try:
        await run_in_threadpool(lambda: rename_contact(get_db(), contact_id, **typed, actor=holder.name))
    except UnknownContactError as error:
        raise PageProblemError(404, NO_CONTACT) from error
    return RedirectResponse(f"/page/contacts/{contact_id}?done=contact", status_code=303)


@router.post("/{contact_id}/consent")
async def consent(request: Request, holder: Operator, contact_id: ContactId) -> Response:
    """Records a consent that was missing."""
    async with page_form(request, holder) as form:
        source = text_of(form, "source")
    if not 0 < len(source) <= LONGEST_SOURCE:
        problems = {"source": "Dites où et comment la personne a consenti, en 200 caractères au plus."}
        return await run_in_threadpool(
            lambda: _contact_page(holder, contact_id, status=422, problems=problems, typed={"source": source})
        )
    contact = await run_in_threadpool(_found, contact_id)
    try:
        await run_in_threadpool(_consent, contact, source, holder.name)
    except ConsentError:
        problems = {"source": "Dites où et comment la personne a consenti de nouveau, en 5 caractères au moins."}
        return await run_in_threadpool(
            lambda: _contact_page(holder, contact_id, status=422, problems=problems, typed={"source": source})
        )
    except ConsentNotNeededError as error:
        raise PageProblemError(409, "Ce contact a déjà consenti, ou s’est désinscrit.") from error
    return RedirectResponse(f"/page/contacts/{contact_id}?done=consent", status_code=303)


def _consent(contact: Listed, source: str, actor: str) -> None:
    if contact.suppressed_at is None:
        record_consent(get_db(), contact.id, source=source, actor=actor)
    else:
        consent_again(get_db(), contact.phone, proof=source, given_at=utc_now(), actor=actor)


@router.get("/{contact_id}/opt-out")
def ask_opt_out(holder: Operator, contact_id: ContactId) -> HTMLResponse:
    """Asks before somebody is taken off for good."""
    return shown("confirm_opt_out", holder, section="contacts", contact=_found(contact_id))


@router.post("/{contact_id}/opt-out")
async def opt_out(request: Request, holder: Operator, contact_id: ContactId) -> Response:
    """Nothing more leaves for this person."""
    async with page_form(request, holder):
        pass
    try:
        await run_in_threadpool(lambda: take_off(get_db(), contact_id, actor=holder.name))
    except UnknownContactError as error:
        raise PageProblemError(404, NO_CONTACT) from error
    return RedirectResponse(f"/page/contacts/{contact_id}?done=opted-out", status_code=303)
