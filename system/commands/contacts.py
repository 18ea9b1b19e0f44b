"""`python -m system contacts`: import, search, verify."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, BinaryIO

import phonenumbers
import typer

from system.commands import people
from system.commands.database import command_database, refuse
from system.config import get_settings
from system.db import contacts
from system.db.database import Database
from system.db.imports import Import
from system.domain.contact_header import HeaderError
from system.services.importing import Source, import_contacts, rejected_lines
from system.services.rejected_file import rejected_file
from system.tasks.verification_tasks import verify_contact, verify_contacts

app = typer.Typer(no_args_is_help=True, help="People and their numbers.")
app.command()(people.erase)
app.command()(people.export)
app.command()(people.correct)
app.command("opt-out")(people.refusal)
app.command()(people.consent)


@app.command("import")
def import_(
    file: Annotated[
        str, typer.Argument(help="A CSV or Excel file, or - for standard input. See the README for its columns.")
    ],
    region: Annotated[
        str | None, typer.Option(help="Country of numbers without one; by default DEFAULT_REGION.")
    ] = None,
    consent: Annotated[
        str | None, typer.Option(help="How those without an opt-in date in the file have opted in, today.")
    ] = None,
    category: Annotated[str | None, typer.Option(help="A category for everybody in the file.")] = None,
    rejected: Annotated[Path | None, typer.Option(help="Where to write the lines that were not taken.")] = None,
) -> None:
    """Import contacts; harmless when it runs twice.

    Exit code: 0 when every line was taken, 1 when some were not (each is shown with its reason), 2 for a file without numbers.
    """
    with command_database() as db, ExitStack() as files:
        region = (region or get_settings().default_region).upper()
        if region not in phonenumbers.SUPPORTED_REGIONS:
            refuse(f"--region {region}: not a country (expected two letters, as in FR)", 2)
        name, stream = _opened(file, files)
        source = Source(name, "cli", region, consent, category)
        try:
            done = import_contacts(db, stream, source)
        except HeaderError as error:
            refuse(f"{file}: {error}", 2)
        for rejection in rejected_lines(db, done.id):
            typer.echo(f"line {rejection.line}: {rejection.english}", err=True)
        if rejected is not None:
            with rejected.open("w", encoding="utf-8", newline="") as out:
                out.writelines(rejected_file(db, done, language="en"))
    typer.echo(f"import {done.id}: {done.created} new, {done.known} known already, {done.rejected} not taken")
    for line in _told(done):
        typer.echo(line)
    if done.rejected:
        raise typer.Exit(1)


def _told(done: Import) -> Iterator[str]:
    if done.other_phone_columns:
        others = ", ".join(done.other_phone_columns)
        yield f"numbers are those of the column {done.phone_column!r}; also columns of numbers, not read: {others}"
    if done.ignored_columns:
        yield f"columns not read: {', '.join(done.ignored_columns)}"
    if done.without_consent:
        yield f"without consent: {done.without_consent}; nothing will be sent to them"


def _opened(file: str, files: ExitStack) -> tuple[str, BinaryIO]:
    if file == "-":
        return "standard input", sys.stdin.buffer
    try:
        return Path(file).name, files.enter_context(Path(file).open("rb"))
    except OSError as error:
        refuse(f"{file}: cannot be read ({error.strerror})", 2)


@app.command()
def search(
    text: Annotated[str | None, typer.Argument(help="The beginning of a number, or a part of a name.")] = None,
    category: Annotated[str | None, typer.Option(help="Only contacts of this category.")] = None,
    after: Annotated[int, typer.Option(help="The id behind which to go on.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
) -> None:
    """List contacts by id: number, name, categories, WhatsApp status, consent."""
    with command_database() as db, db.transaction() as connection:
        found = contacts.search(connection, text=text, category=category, after=after, limit=limit)
    for contact in found:
        consent = "opted out" if contact.suppressed else "opted in" if contact.opted_in_at else "no consent"
        typer.echo(
            f"{contact.id}\t{contact.phone}\t{contact.name or '-'}\t{','.join(contact.categories) or '-'}"
            f"\t{contact.whatsapp_status}\t{consent}"
        )


@app.command()
def verify(
    phone: Annotated[
        str | None, typer.Argument(help="One number (E.164); by default every number not yet asked about.")
    ] = None,
    category: Annotated[str | None, typer.Option(help="Only contacts of this category.")] = None,
) -> None:
    """Have the workers ask the gateway which numbers are on WhatsApp."""
    with command_database() as db:
        if phone is None:
            verify_contacts.apply_async(kwargs={"category": category}, queue="verification")
        else:
            verify_contact.apply_async(args=[_contact(db, phone)], queue="verification")
    typer.echo("asked for; the answers are in: python -m system contacts search")


def _contact(db: Database, phone: str) -> int:
    with db.transaction() as connection:
        found = contacts.search(connection, text=phone, category=None, after=0, limit=2)
    exact = [contact.id for contact in found if contact.phone == phone]
    if not exact:
        refuse(f"{phone}: no contact has this number")
    return exact[0]
