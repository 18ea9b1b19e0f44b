"""`python -m tests.versions`: measures the cells that are not measured yet, one after the other, and writes the table."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from tests.versions.cells import cells
from tests.versions.environments import interpreter_of
from tests.versions.measurement import measure
from tests.versions.table import page

DATA = Path("audit/rules/measured_releases.json")
REPORT = Path("reports/measures/versions.md")
ENVIRONMENTS = Path("build/versions")


def main(
    only: Annotated[
        str, typer.Option(help="Only this cell, as 5.7.0/redis/prefork/late, or those whose name begins so.")
    ] = "",
    minutes: Annotated[float, typer.Option(help="Begin no cell after that long.")] = 600.0,
    *,
    again: Annotated[bool, typer.Option("--again", help="Measure again what is measured.")] = False,
) -> None:
    """Measure in parts: each cell is written as soon as it is known, and a later run goes on from there."""
    rows = _read()
    until = time.monotonic() + minutes * 60
    exact = only in {cell.name for cell in cells()}
    for cell in cells():
        asked = cell.name == only if exact else cell.name.startswith(only)
        if not asked or (cell.name in rows and not again) or time.monotonic() > until:
            continue
        typer.echo(f"{cell.name}")
        try:
            rows[cell.name] = measure(cell, interpreter_of(cell.release, ENVIRONMENTS), lambda _: None)
        except RuntimeError as error:
            typer.echo(f"  not measured: {error}", err=True)
            continue
        _write(rows)
    typer.echo(f"{len(rows)} of {len(cells())} cells are in {DATA}.")


def _read() -> dict[str, dict[str, Any]]:
    rows = json.loads(DATA.read_text(encoding="utf-8")) if DATA.exists() else []
    return {row["cell"]: row for row in rows}


def _write(rows: dict[str, dict[str, Any]]) -> None:
    names = [cell.name for cell in cells()]
    ordered = [rows[name] for name in names if name in rows]
    DATA.write_text(json.dumps(ordered, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    REPORT.write_text(page(ordered), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
