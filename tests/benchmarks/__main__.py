"""`python -m tests.benchmarks`: measures, shows progress, writes the table."""

import importlib.metadata
import os
import platform
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from system.sandbox.stack import RunningStack, running_stack
from tests.benchmarks import campaigns, canaries, sends, source_level, webhooks
from tests.benchmarks.figures import Row
from tests.benchmarks.sections import section

REPORT = Path("reports/measures/benchmarks.md")
NOTES = Path(__file__).with_name("notes.md")
PACKAGES = ("celery", "kombu", "redis", "psycopg", "fastapi", "uvicorn", "httpx")
STACK = ("sends", "webhooks", "launch", "memory")
SUBJECTS = (*STACK, "source", "canary")
# Limits of the business, lifted: it is the machinery that is measured.
LIFTED = {"DAILY_MESSAGE_LIMIT": "100000000", "DISPATCH_BATCH_SIZE": "2000"}
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_started = time.monotonic()


def tell(line: str) -> None:
    """Shows progress."""
    typer.echo(f"[{time.monotonic() - _started:5.0f} s] {line}")


def _rows(stack: RunningStack, subjects: Sequence[str], *, quick: bool) -> Iterator[Row]:
    if "sends" in subjects:
        yield from _sends(stack, 0, quick=quick)
    if "webhooks" in subjects:
        yield from webhooks.measure(stack, seconds=1 if quick else 3, rounds=2 if quick else 5, tell=tell)
    if "sends" in subjects:
        yield from _sends(stack, 100, quick=quick)
    if "launch" in subjects:
        contacts = 5_000 if quick else 100_000
        yield campaigns.launch(stack, contacts=contacts, rounds=1 if quick else 3, tell=tell)
    if "memory" in subjects:
        many, seconds = (2_000, 10.0) if quick else (100_000, 45.0)
        yield campaigns.memory(stack, few=200 if quick else 1000, many=many, seconds=seconds, tell=tell)


def _sends(stack: RunningStack, latency_ms: int, *, quick: bool) -> tuple[Row, Row]:
    messages, rounds = {0: (500, 5), 100: (120, 3)}[latency_ms]
    if quick:
        messages, rounds = messages // 3, 2
    return sends.measure(stack, messages=messages, latency_ms=latency_ms, rounds=rounds, tell=tell)


def _machine(stack: RunningStack) -> str:
    with psycopg.connect(stack.database_url) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} processeurs ({platform.machine()}), {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, PostgreSQL {row[0] if row else '?'} embarqué (sans `fsync`), {versions}. "
        f"Charge de la machine à la fin (1, 5, 15 min) : {load}"
    )


def _write(path: Path, rows: Sequence[Row], machine: str, command: str) -> None:
    head = (
        "# Mesures de performance\n\n"
        f"Écrit par `{command}` (`nox -s bench`) le {datetime.now(UTC):%Y-%m-%d à %H:%M} UTC. Chaque rapport compare deux mesures voisines de la même "
        "exécution ; les chiffres sont la médiane des tours, et entre parenthèses le plus petit et le plus grand.\n\n"
        "| mesure | témoin | pile | rapport | cible | atteinte |\n|---|---|---|---|---|---|\n"
    )
    body = "\n".join(row.line for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    notes = NOTES.read_text(encoding="utf-8") if NOTES.exists() else ""
    # Other benchmarks write their own sections of the same file.
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    kept = "\n".join(section(old, title) for title in (canaries.TITLE, source_level.TITLE))
    path.write_text(f"{head}{body}\n\n{machine}.\n\n{notes}\n{kept}".rstrip() + "\n", encoding="utf-8")


@app.command()
def main(
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes: shows that it runs, proves nothing.")] = False,
    only: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(SUBJECTS)}; repeat for several.")] = None,
    out: Annotated[Path, typer.Option(help="The table in Markdown.")] = REPORT,
) -> None:
    """Measure the reference stack and the audit against their yardsticks, on embedded servers and loopback only."""
    subjects = only or SUBJECTS
    unknown = set(subjects) - set(SUBJECTS)
    if unknown:
        raise typer.BadParameter(f"unknown: {', '.join(sorted(unknown))}", param_hint="--only")
    command = shlex.join(["python", "-m", "tests.benchmarks", *sys.argv[1:]])
    if "source" in subjects:
        source_level.write_section(out, command, tell, quick=quick)
    if "canary" in subjects:
        canaries.write_section(out, command, tell)
    if set(subjects) & set(STACK):
        _measure_stack(subjects, out, command, quick=quick)
    tell(f"written: {out}")


def _measure_stack(subjects: Sequence[str], out: Path, command: str, *, quick: bool) -> None:
    tell("starting the stack …")
    with running_stack(extra_env=LIFTED, start_seconds=180) as stack:
        rows: list[Row] = []
        for row in _rows(stack, subjects, quick=quick):
            rows.append(row)
            # After each: what takes too long must not cost what was measured before.
            _write(out, rows, _machine(stack), command)
            tell(row.line)


if __name__ == "__main__":
    app()
