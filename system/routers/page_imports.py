"""The page's imports: a file comes in, its result and its rejected lines are shown."""

from collections.abc import Mapping
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Annotated, BinaryIO
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile

from system.config import get_settings
from system.db import contacts, imports
from system.db.access_tokens import Holder
from system.db.database import get_db
from system.db.imports import Import
from system.domain.contact_header import HeaderError
from system.domain.roles import Role
from system.routers.page_identity import PageProblemError, StaleFormError, page_form, page_user, text_of
from system.routers.page_shell import shown
from system.services.importing import (
    Begun,
    Source,
    UnknownImportError,
    begin_import,
    find_import,
    finish_import,
    import_contacts,
)
from system.services.rejected_file import rejected_file

router = APIRouter(include_in_schema=False, prefix="/page/imports")

SHOWN_REJECTIONS, SHOWN_IMPORTS = 100, 10
MOST_CATEGORIES = 500
# Some 20 000 lines, seconds of work: whoever sends less waits for the result, and for more sees it grow.
MOST_WAITED_FOR = 1_000_000
Reader = Annotated[Holder, page_user(Role.READER)]
Operator = Annotated[Holder, page_user(Role.OPERATOR)]


@router.get("")
def ask(holder: Operator) -> HTMLResponse:
    """The form of a file."""
    return _form(holder)


def _form(
    holder: Holder, *, problem: str = "", typed: Mapping[str, str] | None = None, status: int = 200
) -> HTMLResponse:
    """The form, with what was typed in it; a browser does not let a page choose the file again."""
    with get_db().transaction() as connection:
        names = contacts.categories(connection, most=MOST_CATEGORIES)
        earlier = imports.latest(connection, most=SHOWN_IMPORTS)
    return shown(
        "import_form",
        holder,
        status=status,
        section="imports",
        categories=names,
        earlier=earlier,
        problem=problem,
        typed=typed or {"category": "", "consent": ""},
    )


@router.post("")
async def import_file(request: Request, holder: Operator) -> Response:
    """Imports the file of the form; a large one goes on once its page is shown."""
    try:
        return await _import_form(request, holder)
    except StaleFormError as error:
        if error.kept is None:
            raise
        said, typed = "La page avait expiré : choisissez de nouveau le fichier.", {"category": "", "consent": ""}
        typed |= {name: text for name, text in error.kept.fields.items() if name in typed}
        return await run_in_threadpool(lambda: _form(holder, problem=said, typed=typed, status=403))


async def _import_form(request: Request, holder: Holder) -> Response:
    async with page_form(request, holder) as form:
        file, category, consent = form.get("file"), text_of(form, "category"), text_of(form, "consent")
        typed = {"category": category, "consent": consent}
        if not isinstance(file, UploadFile) or not file.filename:
            return await run_in_threadpool(
                lambda: _form(holder, problem="Il manque un fichier.", typed=typed, status=422)
            )
        if len(category) > 60 or len(consent) > 200:
            return await run_in_threadpool(
                lambda: _form(holder, problem="Un champ est trop long.", typed=typed, status=422)
            )
        name = "".join(c for c in file.filename if c.isprintable())[:200] or "fichier"
        source = Source(name, holder.name, get_settings().default_region, consent or None, category or None)
        try:
            import_id, rest = await run_in_threadpool(_import, file.file, file.size or 0, source)
        except PageProblemError as error:
            said, code = error.text, error.status
            return await run_in_threadpool(lambda: _form(holder, problem=said, typed=typed, status=code))
    there = (
        f"/page/imports/{import_id}?{urlencode({'category': category})}" if category else f"/page/imports/{import_id}"
    )
    return RedirectResponse(there, status_code=303, background=rest)


def _import(stream: BinaryIO, size: int, source: Source) -> tuple[int, BackgroundTask | None]:
    try:
        if size <= MOST_WAITED_FOR:
            return import_contacts(get_db(), stream, source).id, None
        # The form's own file is closed with the form.
        kept = TemporaryFile()  # noqa: SIM115 (closed by whoever reads it to its end)
        try:
            copyfileobj(stream, kept)
            kept.seek(0)
            begun = begin_import(get_db(), kept, source)
        except BaseException:
            kept.close()
            raise
    except HeaderError as error:
        raise PageProblemError(400, error.french) from error
    return begun.import_id, BackgroundTask(_finish, begun, kept)


def _finish(begun: Begun, kept: BinaryIO) -> None:
    with kept:
        finish_import(get_db(), begun)


def _found(import_id: int) -> Import:
    try:
        return find_import(get_db(), import_id)
    except UnknownImportError as error:
        raise PageProblemError(404, "Cet import n’existe pas.") from error


@router.get("/{import_id}")
def show(
    holder: Reader,
    import_id: int,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    category: Annotated[str, Query(max_length=60)] = "",
) -> HTMLResponse:
    """What became of the file, and the lines that were not taken."""
    done = _found(import_id)
    with get_db().transaction() as connection:
        found = imports.rejections(connection, import_id, after=after, limit=SHOWN_REJECTIONS)
    next_after = found[-1].line if len(found) == SHOWN_REJECTIONS else None
    return shown(
        "import", holder, section="imports", done=done, rejections=found, next_after=next_after, category=category
    )


@router.get("/{import_id}/rejected.csv", dependencies=[page_user(Role.READER)])
def rejected(import_id: int) -> StreamingResponse:
    """The lines that were not taken, as a file to be corrected."""
    done = _found(import_id)
    # The mark makes spreadsheets read UTF-8.
    lines = (
        "\ufeff" * (number == 0) + line for number, line in enumerate(rejected_file(get_db(), done, language="fr"))
    )
    headers = {"Content-Disposition": f'attachment; filename="lignes-refusees-{done.id}.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)
