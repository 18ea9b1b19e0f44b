"""The command line of the stack: `python -m system up`, `reply`, `demo`, `migrate`, `watchdog`, `deploy render`."""

import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated, NoReturn

import httpx
import psycopg
import typer
from rich.console import Console

from system.commands.campaigns import app as campaigns
from system.commands.contacts import app as contacts
from system.commands.doctor import doctor
from system.commands.heartbeats import app as heartbeats
from system.commands.reconcile import reconcile
from system.commands.users import app as users
from system.config import settings_or_exit
from system.db.migrate import migrate as migrate_database
from system.deploy.commands import app as deploy
from system.domain.phone import PhoneNumber
from system.gateway import simulated
from system.sandbox import up as up_stack
from system.sandbox.demo import MOST_CONTACTS, run_demo
from system.sandbox.processes import SandboxError
from system.watchdog import run as run_watchdog

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.add_typer(users, name="user")
app.add_typer(heartbeats, name="heartbeats")
app.add_typer(campaigns, name="campaign")
app.add_typer(contacts, name="contacts")
app.command()(doctor)
app.command()(reconcile)
app.add_typer(deploy, name="deploy")


ENDING = (signal.SIGINT, signal.SIGTERM)


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
def up(
    data_dir: Annotated[
        Path, typer.Option(help="Where the data are kept: the next `up` goes on with them.")
    ] = up_stack.DATA_DIR,
) -> None:
    """Start everything on this machine with a double of Wassenger, and show the page; Ctrl-C or a TERM ends it all.

    Nothing is sent to anybody. Exit code: 0 when it was ended, 3 when it could not start or go on.
    """
    _writable(data_dir)
    for number in ENDING:
        # SIGINT too: a shell without job control has what it starts with & ignore it.
        signal.signal(number, _as_ctrl_c)
    try:
        with up_stack.running_up(data_dir, _tell) as (stack, account):
            typer.echo(f"\nThe page:  {stack.web_url}")
            typer.echo(f"Log in as: {account.name}, password {account.password} (unless it was changed)")
            typer.echo(f"Data and logs: {data_dir.resolve()}")
            typer.echo(
                "No message leaves this machine. A reply: the page's button, or python -m system reply NUMBER TEXT"
            )
            typer.echo("Ctrl-C ends everything.\n")
            up_stack.wait(stack, _tell)
    except KeyboardInterrupt:
        typer.echo("ended; python -m system up goes on with the same data")
    except SandboxError as error:
        _refuse(f"up: {error}", 3)


def _tell(said: str) -> None:
    typer.echo(f"… {said}")


def _as_ctrl_c(*_signal: object) -> NoReturn:
    # A second one must not cut the end short.
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@app.command()
def reply(
    number: Annotated[str, typer.Argument(help="Who writes: a number with its country, or a French one.")],
    text: Annotated[str, typer.Argument(help="What they write.")],
    data_dir: Annotated[Path, typer.Option(help="The directory of the running `up`.")] = up_stack.DATA_DIR,
) -> None:
    """Have somebody reply to the stack that `up` runs, by the webhook that Wassenger would send.

    Exit code: 0 when it was taken, 2 for a strange number, 3 when no stack runs or it refuses.
    """
    try:
        phone = PhoneNumber.from_person(number, region="FR")
        headers = {"Content-Type": "application/json"}
        body = simulated.reply(str(phone), text)
        url = f"{up_stack.address(data_dir)}/webhooks/wassenger"
        httpx.post(url, content=body, headers=headers, timeout=10, trust_env=False).raise_for_status()
    except ValueError:
        _refuse(f"{number}: not a phone number", 2)
    except (SandboxError, httpx.HTTPError) as error:
        _refuse(f"reply: {error}", 3)
    typer.echo(f"{phone} wrote: {text}")


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
