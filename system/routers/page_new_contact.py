"""One contact, added by hand on the page."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from system.config import get_settings
from system.db import contacts
from system.db.access_tokens import Holder
from system.db.database import get_db
from system.domain.rejections import RowError
from system.domain.roles import Role
from system.routers.page_identity import page_form, page_user, text_of
from system.routers.page_shell import sentence, shown
from system.services.one_contact import FIELDS, Added, add_contact

router = APIRouter(include_in_schema=False, prefix="/page/contacts")

MOST_CATEGORIES = 500
Operator = Annotated[Holder, page_user(Role.OPERATOR)]


@router.get("/new")
def new(holder: Operator) -> HTMLResponse:
    """The form."""
    return _form(holder, dict.fromkeys(FIELDS, ""))


def _form(
    holder: Holder, typed: Mapping[str, str], *, problems: Mapping[str, str] | None = None, status: int = 200
) -> HTMLResponse:
    with get_db().transaction() as connection:
        names = contacts.categories(connection, most=MOST_CATEGORIES)
    return shown(
        "contact_form",
        holder,
        status=status,
        section="contacts",
        typed=typed,
        problems=problems or {},
        categories=names,
    )


@router.post("")
async def add(request: Request, holder: Operator) -> Response:
    """Takes the contact, or says what is wrong with it."""
    async with page_form(request, holder) as form:
        typed = {name: text_of(form, name) for name in FIELDS}
    return await run_in_threadpool(_add, holder, typed)


def _add(holder: Holder, typed: Mapping[str, str]) -> Response:
    try:
        added = add_contact(get_db(), typed, region=get_settings().default_region, actor=holder.name)
    except RowError as error:
        return _form(holder, typed, problems={error.column: sentence(error)}, status=422)
    return RedirectResponse(f"/page/contacts/{added.contact_id}?done={_done(added)}", status_code=303)


def _done(added: Added) -> str:
    known = "contact-added" if added.new else "contact-known"
    return f"{known}-opted-out" if added.opted_out else known
