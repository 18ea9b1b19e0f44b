"""The database of a command, and what a command says when it cannot be used."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import psycopg
import typer

from system.config import get_settings, settings_or_exit
from system.db.database import Database
from system.sandbox.processes import SandboxError
from system.sandbox.up import DATA_DIR, settings_of
from system.services.people import NoErasureKeyError


def refuse(message: str, code: int = 1) -> NoReturn:
    """Ends the command with one line on standard error."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def look_at_up(data_dir: Path) -> bool:
    """Takes the settings of the `up` that runs in this directory where DATABASE_URL is not set; whether it did."""
    if "DATABASE_URL" in os.environ:
        return False
    try:
        os.environ.update(settings_of(data_dir))
    except SandboxError:
        # Then the settings say what is missing.
        return False
    get_settings.cache_clear()
    return True


@contextmanager
def command_database() -> Iterator[Database]:
    """The database named by DATABASE_URL, else of a running `up`, until the block ends; what it cannot do becomes one line and exit code 1."""
    if look_at_up(DATA_DIR):
        typer.echo(f"for the stack of `up` in {DATA_DIR}:", err=True)
    settings = settings_or_exit()
    url = settings.database_url.get_secret_value()
    try:
        # The pool's own word for "away" is a time-out, which takes its time and says nothing.
        psycopg.connect(url, connect_timeout=10).close()
        db = Database(url, erasure_key=settings.erasure_key)
        try:
            yield db
        finally:
            db.close()
    except NoErasureKeyError as error:
        refuse(str(error))
    except psycopg.errors.UndefinedTable:
        refuse("the schema is missing or old: run python -m system migrate")
    except psycopg.Error as error:
        refuse(f"DATABASE_URL: the database cannot be used ({str(error).strip().splitlines()[0]})")
