"""`python -m system doctor`: what is wrong, one line a part."""

import typer

from system.config import SettingsError, get_settings
from system.gateway.wassenger import get_gateway
from system.locks import get_locks
from system.services.diagnosis import Finding, diagnose
from system.tasks.queue_lengths import queue_lengths

# As many missed signs of life as nobody misses by chance.
MISSED = 4


def doctor() -> None:
    """Look at settings, database, Redis, gateway, queues, beat and workers: one line each, with what to do.

    Exit code: 1 when something is wrong.
    """
    try:
        settings = get_settings()
    except SettingsError as error:
        typer.echo(str(Finding("settings", False, str(error))))
        raise typer.Exit(1) from None
    missing = {
        "ADMIN_TOKEN_SECRET is not set: nobody can log in": settings.admin_token_secret,
        "WASSENGER_WEBHOOK_SECRET is not set: webhooks are not authenticated": settings.wassenger_webhook_secret,
    }
    notes = "; ".join(note for note, secret in missing.items() if not secret)
    findings = [Finding("settings", True, f"complete ({notes})" if notes else "complete")]
    findings += diagnose(
        settings.database_url.get_secret_value(),
        get_locks().ping,
        get_gateway(),
        queue_lengths,
        silence_seconds=MISSED * settings.heartbeat_seconds,
    )
    for finding in findings:
        typer.echo(str(finding))
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
