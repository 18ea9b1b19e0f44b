"""Contacts on the page: found, corrected, put into categories, taken off the list, and their consents."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from system.db import action_log, contact_list, contacts
from system.db.access_tokens import Holder
from system.db.contact_list import Listed, Wanted, Which
from system.db.database import get_db
from system.domain.contact_rows import categories_of
from system.domain.rejections import RowError
from system.domain.roles import Role
from system.routers.page_consent import ConsentForm
from system.routers.page_identity import PageProblemError, page_form, page_user, text_of
from system.routers.page_shell import sentence, shown
from system.services.consent import ConsentError
from system.services.contact_edits import (
    ConsentNotNeededError,
    UnknownContactError,
    add_categories,
    remove_category,
    rename_contact,
    take_off,
)

router = APIRouter(include_in_schema=False, prefix="/page/contacts")

PAGE = 50
MOST_CATEGORIES = 500
LONGEST_NAME = 100
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
def search(
    holder: Reader, text: Text = "", which: Which = Which.ALL, category: Text = "", after: Position = 0
) -> HTMLResponse:
    """Contacts by number, name or category, and those who cannot be written to."""
    wanted = Wanted(text.strip(), which, category)
    with get_db().transaction() as connection:
        found = contact_list.page(connection, wanted, after=after, limit=PAGE)
        people = contact_list.count(connection, wanted)
        names = contacts.categories(connection, most=MOST_CATEGORIES)
    return shown(
        "contacts",
        holder,
        section="contacts",
        contacts=found,
        people=people,
        text=text,
        which=which.value,
        category=category,
        categories=names if category in ("", *names) else [category, *names],
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
    problems: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    contact = _found(contact_id)
    with get_db().transaction() as connection:
        names = contacts.categories(connection, most=MOST_CATEGORIES)
        undone = action_log.refusal_undone(connection, contact_id)
    return shown(
        "contact",
        holder,
        section="contacts",
        status=status,
        flash=done,
        contact=contact,
        categories=[name for name in names if name not in contact.categories],
        undone=undone,
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


@router.post("/{contact_id}/categories")
async def categorise(request: Request, holder: Operator, contact_id: ContactId) -> Response:
    """Puts the contact into other categories as well, or takes it out of one."""
    async with page_form(request, holder) as form:
        added, removed = text_of(form, "categories"), text_of(form, "removed")
    return await run_in_threadpool(_categorise, holder, contact_id, added, removed)


def _categorise(holder: Holder, contact_id: int, added: str, removed: str) -> Response:
    try:
        names = categories_of(added)
        if removed:
            remove_category(get_db(), contact_id, removed, actor=holder.name)
        elif names:
            add_categories(get_db(), contact_id, names, actor=holder.name)
        else:
            problems = {"categories": "Écrivez le nom d’une catégorie."}
            return _contact_page(holder, contact_id, status=422, problems=problems)
    except RowError as error:
        problems = {"categories": sentence(error)}
        return _contact_page(holder, contact_id, status=422, problems=problems, typed={"categories": added})
    except UnknownContactError as error:
        raise PageProblemError(404, NO_CONTACT) from error
    return RedirectResponse(f"/page/contacts/{contact_id}?done=contact", status_code=303)


@router.post("/{contact_id}/consent")
async def consent(request: Request, holder: Operator, contact_id: ContactId) -> Response:
    """Records a consent that was missing, or a new one after a refusal."""
    async with page_form(request, holder) as form:
        asked = ConsentForm.read(form)
    return await run_in_threadpool(_consent, holder, contact_id, asked)


def _consent(holder: Holder, contact_id: int, asked: ConsentForm) -> Response:
    try:
        if not asked.record(_found(contact_id), actor=holder.name):
            return _contact_page(holder, contact_id, status=422, problems=asked.problems, typed=asked.typed)
    except (ConsentNotNeededError, ConsentError) as error:
        raise PageProblemError(409, "Ce contact a déjà consenti, ou s’est désinscrit.") from error
    return RedirectResponse(f"/page/contacts/{contact_id}?done=consent", status_code=303)


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
