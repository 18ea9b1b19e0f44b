"""The command line of the stack: `python -m system demo`, `migrate`, `watchdog`, `deploy render`."""

import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated, NoReturn

import psycopg
import typer
from rich.console import Console

from system.commands.campaigns import app as campaigns
from system.commands.contacts import app as contacts
from system.commands.doctor import doctor
from system.commands.heartbeats import app as heartbeats
from system.commands.users import app as users
from system.config import settings_or_exit
from system.db.migrate import migrate as migrate_database
from system.deploy.commands import app as deploy
from system.sandbox.demo import MOST_CONTACTS, run_demo
from system.sandbox.processes import SandboxError
from system.watchdog import run as run_watchdog

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.add_typer(users, name="user")
app.add_typer(heartbeats, name="heartbeats")
app.add_typer(campaigns, name="campaign")
app.add_typer(contacts, name="contacts")
app.command()(doctor)
app.add_typer(deploy, name="deploy")


def _refuse(message: str, code: int = 2) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


def _writable(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=directory).close()
    except OSError as error:
        _refuse(f"--data-dir {directory}: cannot be written ({error.strerror})")


@app.callback()
def main() -> None:
    """A WhatsApp campaign sender that keeps working with nobody logged in."""


@app.command()
def demo(
    contacts: Annotated[int, typer.Option(help=f"How many contacts get a Message 1 (1 to {MOST_CONTACTS}).")] = 100,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where the servers keep their data; by default they are thrown away.")
    ] = None,
    kill_worker: Annotated[
        bool, typer.Option("--kill-worker/--no-kill-worker", help="SIGKILL the worker's main process half-way.")
    ] = False,
) -> None:
    """Start everything, send a campaign to a double of Wassenger, count what it accepted, end everything.

    Exit code: 0 when every contact was accepted exactly once, 1 otherwise, 2 for a bad option, 3 when it could not start.
    """
    if not 1 <= contacts <= MOST_CONTACTS:
        _refuse(f"--contacts {contacts}: must be between 1 and {MOST_CONTACTS}")
    if data_dir is not None:
        _writable(data_dir)
    # A TERM ends the demonstration in order, as Ctrl-C does; after a KILL the guardians do it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        result = run_demo(contacts, data_dir, Console(), kill_worker=kill_worker)
    except SandboxError as error:
        _refuse(f"the demonstration could not run: {error}", 3)
    if not result.succeeded:
        _refuse("FAILED: not every contact was accepted exactly once", 1)
    typer.echo(f"OK: {result.tally.distinct} contacts, each accepted exactly once")


@app.command()
def migrate() -> None:
    """Bring the database named by DATABASE_URL to the newest schema; safe to run twice and at once."""
    settings = settings_or_exit()
    try:
        applied = migrate_database(settings.database_url.get_secret_value())
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        _refuse(f"DATABASE_URL: the database cannot be used ({reason})", 1)
    typer.echo(f"migrations applied: {', '.join(applied)}" if applied else "the schema is up to date")


@app.command()
def watchdog() -> None:
    """Alert when workers, beat or the database have been silent for ALERT_AFTER_SECONDS; runs until TERM."""
    run_watchdog(settings_or_exit())
