"""`python -m system heartbeats`."""

import json
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from system.config import settings_or_exit
from system.db.database import Database
from system.db.heartbeats import KEPT_DAYS
from system.services.uptime import worker_heartbeats

app = typer.Typer(no_args_is_help=True)


@app.callback()
def main() -> None:
    """When the workers were alive."""


@app.command()
def export(
    days: Annotated[int, typer.Option(min=1, max=KEPT_DAYS, help="How far back.")] = 30,
    out: Annotated[Path | None, typer.Option(help="The file to write; standard output by default.")] = None,
) -> None:
    """Write the workers' signs of life as JSON, for `audit run --evidence`.

    Exit code: 0, or 1 when the database cannot be read or the file not be written.
    """
    settings = settings_or_exit()
    try:
        database = Database(settings.database_url.get_secret_value(), max_connections=1)
        try:
            document = worker_heartbeats(database, days=days, beat_seconds=settings.heartbeat_seconds)
        finally:
            database.close()
    except psycopg.Error as error:
        typer.echo(f"DATABASE_URL: the database cannot be read ({str(error).strip().splitlines()[0]})", err=True)
        raise typer.Exit(1) from None
    text = json.dumps(document, indent=1) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        typer.echo(f"--out {out}: cannot be written ({error.strerror})", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{len(document['alive'])} intervals from {document['from']} to {document['to']}: {out}")
