"""What `audit` says on a terminal: lines on the standard error, coloured where a terminal reads them."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer

from audit.journal.recorded_findings import every_finding
from audit.judging.examination import Examination
from audit.judging.verdict import Status, Verdict

_COLOURS = {
    Status.COMPLIANT: typer.colors.GREEN,
    Status.PARTIAL: typer.colors.YELLOW,
    Status.NON_COMPLIANT: typer.colors.RED,
    Status.UNDETERMINED: typer.colors.MAGENTA,
    Status.NOT_APPLICABLE: typer.colors.BRIGHT_BLACK,
}
_GRAVE = typer.colors.RED
_WIDEST = 140
_SPACES = "\xa0\u202f"


def say(text: str, colour: str | None = None, *, dim: bool = False) -> None:
    """Print a line. What a target's text holds moves no cursor and changes no colour."""
    typer.secho(shown(text), fg=colour, dim=dim or None, err=True, color=_colour(sys.stderr))


def say_problems(lines: Sequence[str], most: int | None) -> None:
    """Print problems on the standard output, one line each, where editors and pipes read `path:line`; so many at most."""
    kept = list(lines if most is None else lines[:most])
    for line in kept:
        typer.secho(shown(line), fg=_GRAVE if " critique [" in f" {line}" else None, color=_colour(sys.stdout))
    if most and len(lines) > len(kept):
        typer.echo(f"… {len(lines) - len(kept)} more: --verbose, or the report")


def say_totals(journal: Mapping[str, Any]) -> None:
    """Print how many points there are of each answer."""
    totals = journal["totals"]
    words = {"passed": "PASSED", "failed": "FAILED", "undetermined": "INDÉTERMINÉ", "errors": "ERROR"}
    told = [
        f"{totals[key]} {word}" for key, word in {**words, "not_applicable": "sans objet"}.items() if totals.get(key)
    ]
    typer.echo(", ".join(told))


def say_points(journal: Mapping[str, Any]) -> None:
    """Print every point with its answer, one line each."""
    for told in dict.fromkeys(f"{f['outcome']:<12} [{f['rule']}] {f['sentence']}" for f in every_finding(journal)):
        typer.echo(shown(told))


def _colour(stream: Any) -> bool:
    """Whether this stream is a terminal that wants colours: see https://no-color.org."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and bool(stream.isatty())


def complain(text: str) -> None:
    """Print what went wrong, on one line."""
    say(f"audit: {text}", typer.colors.RED)


def shown(text: str) -> str:
    """A text with every control character replaced; the non-breaking spaces of French are none."""
    return "".join(c if c.isprintable() or c in _SPACES else "\ufffd" for c in text)


def say_verdicts(examination: Examination) -> None:
    """Print the verdict of each requirement, and why."""
    typer.echo(shown(f"{examination.target.name} · {examination.profile.name}"))
    verdicts = examination.verdicts()
    width = max((len(_status(v)) for v in verdicts.values()), default=0)
    longest = max(map(len, verdicts), default=0)
    for identifier, verdict in verdicts.items():
        first, *others = list(_wrapped(verdict.reason, longest + width + 6))
        status = typer.style(f"{_status(verdict):<{width}}", fg=_COLOURS[verdict.status])
        typer.echo(f"  {identifier:<{longest}}  {status}  {first}", color=_colour(sys.stdout))
        for line in others:
            typer.echo(" " * (longest + width + 6) + line)


def _status(verdict: Verdict) -> str:
    known = verdict.known_by and verdict.status is Status.COMPLIANT
    return f"{verdict.status.value} ({verdict.known_by.french})" if known and verdict.known_by else verdict.status.value


def _wrapped(text: str, taken: int) -> Iterator[str]:
    columns = min(shutil.get_terminal_size().columns, _WIDEST)
    yield from textwrap.wrap(shown(text), max(30, columns - taken)) or [""]
