"""`python -m system deploy`: the deployment files."""

from pathlib import Path
from typing import Annotated

import typer

from system.deploy.plan import reference_plan
from system.deploy.render import DIRECTORY, stale, write

app = typer.Typer(no_args_is_help=True, help="The deployment files.")


@app.callback()
def main() -> None:
    """The deployment files, all rendered from one plan."""


@app.command()
def render(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 when a file is not fresh.")
    ] = False,
    directory: Annotated[Path, typer.Option(help="Where the files are.")] = DIRECTORY,
) -> None:
    """Render start.sh, supervisord.conf, Procfile, render.yaml, the systemd units, compose.yaml and the Dockerfile."""
    plan = reference_plan()
    names = stale(plan, directory) if check else write(plan, directory)
    for name in names:
        typer.echo(f"{'not as the plan says' if check else 'written'}: {directory / name}")
    if check and names:
        raise typer.Exit(1)
    if not names:
        typer.echo("every file is as the plan says")
