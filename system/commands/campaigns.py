"""`python -m system campaign`: campaigns from draft to closing."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from kombu.exceptions import OperationalError

from system.commands.campaign_table import campaign_table
from system.commands.database import command_database, refuse
from system.commands.launching import about_launch
from system.config import get_settings
from system.db.database import Database
from system.domain.campaign_life import Resume
from system.domain.content import Media, Template
from system.domain.sending_hours import SendingHours
from system.domain.statuses import CampaignStatus
from system.domain.wakeups import WakeUp
from system.services import cancelling, pausing, scheduling, statistics
from system.services.campaigns import FOLLOW_UP, create_campaign, launch_campaign
from system.services.transitions import CampaignStateError
from system.tasks.publishing import publish

app = typer.Typer(no_args_is_help=True, help="Campaigns, from draft to closing.")
CampaignId = Annotated[int, typer.Argument(help="The campaign's number.")]
ACTOR = "cli"


def _acting(act: Callable[[Database], Iterable[WakeUp] | None]) -> None:
    with command_database() as db:
        try:
            wake_ups = act(db)
        except (CampaignStateError, ValueError) as error:
            refuse(str(error))
    if wake_ups is not None:
        try:
            publish(wake_ups)
        except OperationalError as error:
            typer.echo(f"the broker is away ({error}): beat starts it within seconds of coming back", err=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The campaign's name.")],
    message: Annotated[str, typer.Option(help="The text of Message 1.")],
    follow_up: Annotated[str, typer.Option(help="The text of Message 2, which whoever replies gets.")] = "",
    phones: Annotated[
        typer.FileText | None,
        typer.Option(help="File of E.164 numbers who have opted in, one a line; - is standard input."),
    ] = None,
    *,
    category: Annotated[list[str] | None, typer.Option(help="A category of contacts; may be repeated.")] = None,
    media: Annotated[str, typer.Option(help="https address of an image or a document; the text stands under it.")] = "",
    template: Annotated[str, typer.Option(help="Name of an approved template, which --message only shows.")] = "",
    language: Annotated[str, typer.Option(help="The template's language.")] = "fr",
    value: Annotated[list[str] | None, typer.Option(help="A value of the template, in order; may be repeated.")] = None,
    hours: Annotated[
        str,
        typer.Option(
            help='When its Message 1 may leave, such as "08:00-20:00 Europe/Paris"; else as the settings say.'
        ),
    ] = "",
) -> None:
    """Make a draft; prints its number."""

    def act(db: Database) -> None:
        numbers = [line.strip() for line in phones or () if line.strip()]
        asked = None
        if hours:
            span, _, zone = hours.partition(" ")
            asked = SendingHours.parse(span, zone or get_settings().sending_zone)
        if media and template:
            raise ValueError("a Message 1 has a file or a template, not both")
        content = Media.parse(media) if media else None
        made = create_campaign(
            db,
            name,
            message,
            numbers,
            follow_up or FOLLOW_UP,
            categories=category or (),
            hours=asked,
            content=Template.parse(template, language, value or ()) if template else content,
            actor=ACTOR,
        )
        typer.echo(str(made))
        if not follow_up:
            typer.echo(f"no --follow-up: whoever replies gets {FOLLOW_UP!r}", err=True)

    _acting(act)


@app.command()
def schedule(
    campaign_id: CampaignId,
    at: Annotated[str, typer.Argument(help="ISO 8601 with a time zone, such as 2026-01-31T09:00+01:00.")],
) -> None:
    """Let the campaign start by itself at that time."""
    _acting(lambda db: scheduling.schedule_campaign(db, campaign_id, datetime.fromisoformat(at), actor=ACTOR))


@app.command("list")
def list_(
    state: Annotated[list[CampaignStatus] | None, typer.Option(help="Only these states; may be repeated.")] = None,
    before: Annotated[int | None, typer.Option(min=1, help="Only campaigns older than this one.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
) -> None:
    """List campaigns, newest first: number, state, contacts, Message 1 sent, replies, Message 2, failures, name."""

    def act(db: Database) -> None:
        for line in campaign_table(db, statuses=state or CampaignStatus, before=before, limit=limit):
            typer.echo(line)

    _acting(act)


@app.command()
def launch(
    campaign_id: CampaignId, *, yes: Annotated[bool, typer.Option("--yes", help="Start it without asking.")] = False
) -> None:
    """Start the campaign now, once it has said to how many people and was told to.

    Exit code: 0 when it is started, 1 when it cannot be or the answer is no, 2 when nobody can be asked and --yes is missing.
    """

    def act(db: Database) -> Iterable[WakeUp]:
        about = about_launch(db, campaign_id)
        for line in about.lines:
            typer.echo(line)
        if about.ready and not yes:
            if not sys.stdin.isatty():
                refuse("nothing is sent: there is no terminal to ask, give --yes", 2)
            if not typer.confirm("Start it now?"):
                refuse("nothing is sent")
        wake_ups = launch_campaign(db, campaign_id, shown=about.shown, actor=ACTOR)
        typer.echo(f"campaign {campaign_id} is started")
        return wake_ups

    _acting(act)


@app.command()
def pause(campaign_id: CampaignId) -> None:
    """Let nothing more leave until it is resumed."""
    _acting(lambda db: pausing.pause_campaign(db, campaign_id, actor=ACTOR))


@app.command()
def resume(
    campaign_id: CampaignId,
    which: Annotated[Resume, typer.Option(help="Which unsent messages leave.")] = Resume.PENDING,
) -> None:
    """Let the chosen messages leave; what has left is never sent again."""
    _acting(lambda db: pausing.resume_campaign(db, campaign_id, which=which, actor=ACTOR))


@app.command()
def cancel(campaign_id: CampaignId) -> None:
    """Let nothing more leave, for good."""
    _acting(lambda db: cancelling.cancel_campaign(db, campaign_id, actor=ACTOR))


@app.command()
def show(campaign_id: CampaignId) -> None:
    """Print the campaign's state and times (UTC)."""

    def act(db: Database) -> None:
        for name, value in asdict(statistics.show(db, campaign_id).campaign).items():
            if value is not None and name != "final_statistics":
                typer.echo(f"{name}: {value}")

    _acting(act)


@app.command()
def stats(campaign_id: CampaignId) -> None:
    """Print the campaign's statistics; those of its closing once it is closed."""

    def act(db: Database) -> None:
        found = statistics.show(db, campaign_id)
        for name, value in asdict(found.statistics).items():
            typer.echo(f"{name}: {value}")
        typer.echo(f"frozen: {found.frozen}")

    _acting(act)
