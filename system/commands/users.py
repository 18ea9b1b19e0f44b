"""`python -m system user`: who may log in."""

import sys
from typing import Annotated

import typer

from system.commands.database import command_database, refuse
from system.domain.roles import Role
from system.services import users
from system.services.passwords import PasswordError, Passwords
from system.services.users import UserError

app = typer.Typer(no_args_is_help=True, help="Who may log in.")
Name = Annotated[str, typer.Argument(help="The user's name: small letters, digits and . _ @ + -")]


def _password() -> str:
    """Asked for twice at a terminal, else the first line of standard input: an argument would show in the process list."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


@app.command()
def add(name: Name, role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.READER) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    with command_database() as db:
        try:
            users.add_user(db, Passwords(), name, role, _password())
        except (UserError, PasswordError) as error:
            refuse(str(error))
    typer.echo(f"{name}: added as {role.value}")


@app.command()
def disable(name: Name) -> None:
    """Let the user in no longer, and revoke every token at once."""
    with command_database() as db:
        try:
            revoked = users.enable_user(db, name, enabled=False)
        except UserError as error:
            refuse(str(error))
    typer.echo(f"{name}: disabled, {revoked} tokens revoked")


@app.command()
def enable(name: Name) -> None:
    """Let the user in again."""
    with command_database() as db:
        try:
            users.enable_user(db, name, enabled=True)
        except UserError as error:
            refuse(str(error))
    typer.echo(f"{name}: enabled")


@app.command("list")
def list_() -> None:
    """List the users: name, role, enabled or disabled, since when (UTC)."""
    with command_database() as db:
        found = users.list_users(db)
    for user in found:
        state = "enabled" if user.enabled else "disabled"
        typer.echo(f"{user.name}\t{user.role.value}\t{state}\t{user.created_at:%Y-%m-%d}")


@app.command()
def passwd(name: Name) -> None:
    """Replace the password, and revoke every token at once."""
    with command_database() as db:
        try:
            revoked = users.change_password(db, Passwords(), name, _password())
        except (UserError, PasswordError) as error:
            refuse(str(error))
    typer.echo(f"{name}: password changed, {revoked} tokens revoked")
