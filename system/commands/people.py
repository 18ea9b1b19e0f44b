"""`python -m system contacts erase`, `export`, `correct`, `opt-out` and `consent`: one person's data."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from system.commands.database import command_database, refuse
from system.db import contacts
from system.domain.phone import PhoneNumber
from system.services.consent import consent_again, opt_out
from system.services.correcting import NumberTakenError, correct_contact
from system.services.people import StillSendingError, erase_person, export_person

ACTOR = "cli"
Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The number, E.164, as in +33639980001.")]


def _number(text: str) -> PhoneNumber:
    try:
        return PhoneNumber.parse(text)
    except ValueError as error:
        refuse(str(error), 2)


def erase(
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Erase a person everywhere; statistics stay, and nothing is ever sent to the number again.

    Exit code: 0 when nothing names the number any more, 1 when something still does (it is told) or it could not be done.
    """
    phone = _number(number)
    if not yes:
        typer.confirm(f"Erase everything stored of {phone}? This cannot be undone", abort=True)
    with command_database() as db:
        try:
            erased = erase_person(db, phone, actor=ACTOR)
        except StillSendingError as error:
            refuse(str(error))
    typer.echo(f"erased: {erased.contacts} contacts")
    for column, rows in erased.left.items():
        typer.echo(f"still named in {column}: {rows} rows, of a text of yours", err=True)
    if erased.left:
        raise typer.Exit(1)


def export(number: Number) -> None:
    """Print everything stored of a person, as JSON."""
    phone = _number(number)
    with command_database() as db:
        found = export_person(db, phone, actor=ACTOR)
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))


def correct(
    number: Number,
    name: Annotated[str | None, typer.Option(help="The right name.")] = None,
    phone: Annotated[str | None, typer.Option("--number", help="The right number, E.164.")] = None,
) -> None:
    """Correct the name or the number of a contact."""
    known, right = _number(number), None if phone is None else _number(phone)
    if name is None and right is None:
        refuse("give --name, --number or both", 2)
    with command_database() as db:
        with db.transaction() as connection:
            contact_id = contacts.id_of(connection, known.forms)
        if contact_id is None:
            refuse(f"{number}: no contact has this number")
        try:
            correct_contact(db, contact_id, name=name, phone=right, actor=ACTOR)
        except NumberTakenError as error:
            refuse(str(error))
    typer.echo("corrected")


def refusal(number: Number) -> None:
    """Record that a person wants to receive nothing more."""
    phone = _number(number)
    with command_database() as db:
        ended = opt_out(db, phone, source="operator", actor=ACTOR)
    typer.echo(f"opted out; waiting messages ended: {ended}")


def consent(
    number: Number,
    proof: Annotated[str, typer.Option(help="How the person consented, and where that can be read again.")],
    given_at: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="When (UTC); later than any refusal.")
    ],
) -> None:
    """Record a new consent, which alone undoes a refusal."""
    phone = _number(number)
    with command_database() as db:
        try:
            undone = consent_again(db, phone, proof=proof, given_at=given_at.replace(tzinfo=UTC), actor=ACTOR)
        except ValueError as error:
            refuse(str(error))
    typer.echo("recorded; a refusal was undone" if undone else "recorded")
