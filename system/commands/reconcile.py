"""`python -m system reconcile`: after a restore, and before anything is started again."""

import typer

from system.commands.database import command_database
from system.config import get_settings
from system.gateway.wassenger import get_gateway
from system.services.reconciling import reconcile as reconcile_messages


def reconcile() -> None:
    """Ask the gateway which messages have left since the backup that DATABASE_URL was restored from; before workers start.

    Exit code: 1 when the gateway did not tell of some: they are asked about again before they are sent.
    """
    with command_database() as db:
        done = reconcile_messages(
            db,
            get_gateway(),
            zone=get_settings().hours.zone,
            actor="cli",
            told=lambda asked: typer.echo(f"asked about {asked} messages", err=True),
        )
    typer.echo(f"asked about: {done.asked}; sent since the backup: {done.sent}; not told: {done.unknown}")
    if done.unscheduled:
        typer.echo(f"scheduled campaigns that are drafts again: {', '.join(map(str, done.unscheduled))}")
    if done.unknown:
        raise typer.Exit(1)
