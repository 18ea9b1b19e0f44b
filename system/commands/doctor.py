"""`python -m system doctor`: what is wrong, one line a part."""

import os
from pathlib import Path
from typing import Annotated

import typer

from system.clock import utc_now
from system.commands.database import look_at_up
from system.config import SettingsError, get_settings
from system.gateway.wassenger import get_gateway
from system.locks import get_locks
from system.sandbox.up import DATA_DIR
from system.services.diagnosis import MISSED_BEATS, Finding, diagnose
from system.services.surroundings import surroundings
from system.tasks.queue_lengths import queue_lengths


def doctor(
    data_dir: Annotated[
        Path, typer.Option(help="The directory of a running `up`: it is looked at where DATABASE_URL is not set.")
    ] = DATA_DIR,
) -> None:
    """Look at settings, database, Redis, gateway, queues, beat, workers and what surrounds them: one line each, with what to do.

    Exit code: 1 when something is wrong.
    """
    if look_at_up(data_dir):
        typer.echo(f"for the stack of `up` in {data_dir}:")
    try:
        settings = get_settings()
    except SettingsError as error:
        typer.echo(str(Finding("settings", False, str(error))))
        raise typer.Exit(1) from None
    url = settings.database_url.get_secret_value()
    note = "" if settings.admin_token_secret else " (ADMIN_TOKEN_SECRET is not set: nobody can log in)"
    findings = [Finding("settings", True, f"complete{note}")]
    findings += diagnose(
        url,
        get_locks().ping,
        get_gateway(),
        queue_lengths,
        silence_seconds=MISSED_BEATS * settings.heartbeat_seconds,
    )
    findings += surroundings(
        url,
        os.environ,
        has_secret=settings.wassenger_webhook_secret is not None,
        hours=settings.hours,
        key=settings.erasure_key,
        now=utc_now(),
    )
    for finding in findings:
        typer.echo(str(finding))
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
