"""Contacts: search, import, verification."""

import tempfile
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request, status
from fastapi.concurrency import run_in_threadpool

from system.config import get_settings
from system.db import contacts, imports
from system.db.access_tokens import Holder
from system.db.database import get_db
from system.domain.contact_header import HeaderError
from system.domain.roles import Role
from system.routers.identity import allowed
from system.schemas.contacts import (
    Asked,
    ContactPage,
    ContactShown,
    ImportShown,
    RejectedLine,
    RejectionPage,
)
from system.schemas.errors import problems
from system.services.importing import Source, UnknownImportError, find_import, import_contacts
from system.tasks.verification_tasks import verify_contact, verify_contacts

router = APIRouter(prefix="/contacts", tags=["contacts"])

MOST_IMPORT_BYTES = 52_428_800
IN_MEMORY_BYTES = 1_048_576
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
After = Annotated[int, Query(ge=0, le=2**31 - 1, description="Where the page before ended.")]
Limit = Annotated[int, Query(ge=1, le=500)]
Word = Annotated[str | None, Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
_CSV = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}}


@router.get("", responses=problems(401, 403, 503), dependencies=[allowed(Role.READER)])
def search(text: Word = None, category: Word = None, after: After = 0, limit: Limit = 50) -> ContactPage:
    """Contacts whose number begins with, or whose name contains, the text."""
    with get_db().transaction() as connection:
        found = contacts.search(connection, text=text, category=category, after=after, limit=limit)
    shown = [ContactShown.model_validate(contact) for contact in found]
    return ContactPage(contacts=shown, next_after=found[-1].id if len(found) == limit else None)


@router.post("/imports", responses=problems(400, 401, 403, 413, 503), openapi_extra=_CSV)
async def import_file(
    request: Request,
    holder: Annotated[Holder, allowed(Role.OPERATOR)],
    name: Word = None,
    consent: Word = None,
    category: Word = None,
) -> ImportShown:
    """Imports the body, a CSV or Excel file; `consent` says how those without an opt-in date have opted in."""
    source = Source(name or "upload", holder.name, get_settings().default_region, consent, category)
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as spool:
        async for chunk in request.stream():
            await run_in_threadpool(spool.write, chunk)
        spool.seek(0)
        try:
            done = await run_in_threadpool(import_contacts, get_db(), spool, source)  # type: ignore[arg-type]
        except HeaderError as error:
            raise HTTPException(status.HTTP_400_BAD_REQUEST, str(error)) from error
    return ImportShown.model_validate(done)


@router.get("/imports/{import_id}", responses=problems(401, 403, 404, 503), dependencies=[allowed(Role.READER)])
def show_import(import_id: Id) -> ImportShown:
    """What became of a file."""
    try:
        return ImportShown.model_validate(find_import(get_db(), import_id))
    except UnknownImportError as error:
        raise HTTPException(status.HTTP_404_NOT_FOUND, str(error)) from error


@router.get(
    "/imports/{import_id}/rejections", responses=problems(401, 403, 404, 503), dependencies=[allowed(Role.READER)]
)
def show_rejections(import_id: Id, after: After = 0, limit: Limit = 100) -> RejectionPage:
    """The lines that were not taken."""
    show_import(import_id)
    with get_db().transaction() as connection:
        found = imports.rejections(connection, import_id, after=after, limit=limit)
    lines = [RejectedLine(line=r.line, reason=r.english, raw=r.raw) for r in found]
    return RejectionPage(rejections=lines, next_after=found[-1].line if len(found) == limit else None)


@router.post(
    "/verifications", status_code=202, responses=problems(401, 403, 503), dependencies=[allowed(Role.OPERATOR)]
)
def verify_all(category: Word = None) -> Asked:
    """Has the workers ask about every number nobody has asked about, or those of a category."""
    verify_contacts.apply_async(kwargs={"category": category}, queue="verification", retry=False)
    return Asked()


@router.post(
    "/{contact_id}/verification",
    status_code=202,
    responses=problems(401, 403, 404, 503),
    dependencies=[allowed(Role.OPERATOR)],
)
def verify_one(contact_id: Id) -> Asked:
    """Has the workers ask about one number."""
    with get_db().transaction() as connection:
        if contacts.phone_of(connection, contact_id) is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, f"no contact {contact_id}")
    verify_contact.apply_async(args=[contact_id], queue="verification", retry=False)
    return Asked()
