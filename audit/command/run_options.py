"""The options of `audit run`, each with its help."""

from pathlib import Path
from typing import Annotated

import typer

from audit.command.report_commands import BESIDE
from audit.command.run_setup import EVERY_FAMILY, LEVELS
from audit.journal.gate import THRESHOLDS
from audit.requirements.catalogue import PHASES
from audit.requirements.profiles import DEFAULT_FAMILY, PROFILES

_FAMILIES = ", ".join(f"{p.family} ({p.title.removeprefix('Audit ')})" for p in PHASES if p.family)
Level = Annotated[
    str | None,
    typer.Option(
        help=f"Up to which evidence: {', '.join(LEVELS)}. `source` reads files and runs nothing of the target; "
        "`configuration` imports it in its own interpreter; `execution` starts it and kills its workers: "
        "through its driver, else by a canary (below). Default: the profile's."
    ),
]
Target = Annotated[Path, typer.Argument(help="A project directory, or its audit.toml or pyproject.toml.")]
Profile = Annotated[
    str | None,
    typer.Option(
        help=f"Which questions are asked: {', '.join(PROFILES)}. Default: `strict` where the target file gives roles, "
        "else `celery`, which asks what concerns every Celery project."
    ),
]
Family = Annotated[
    str | None,
    typer.Option(
        help=f"Which family of criteria of profile `strict`, one checkpoint each: {_FAMILIES}. "
        f"Families 4 to 7 and 9 are judged by execution only. `{EVERY_FAMILY}`: each in turn, and a cover page with the trend "
        f"of their figures. Default: {DEFAULT_FAMILY}."
    ),
]
Out = Annotated[Path, typer.Option(help="Directory of the report and its journal.")]
NoReport = Annotated[
    bool, typer.Option("--no-report", help="Write nothing: print the problems and the verdicts only, as a hook needs.")
]
Evidence = Annotated[
    list[Path] | None,
    typer.Option(
        help="A soak's journal, or an export of production heartbeats, beside those of `[evidence]`; repeatable."
    ),
]
Python = Annotated[
    str,
    typer.Option(
        help="Interpreter that can import the project, for level `configuration`; with it, the application is "
        "found in the source. At level `execution`, by default: that of its `.venv`, else this one."
    ),
]
FailOn = Annotated[
    str,
    typer.Option(
        help=f"From which severity on a problem exits 1: {', '.join(THRESHOLDS)}; each includes those before it, and a "
        "requirement NON CONFORME always does."
    ),
]
Baseline = Annotated[
    Path | None, typer.Option(help="A journal: only what it did not hold exits 1, wherever its lines moved.")
]
Also = Annotated[
    list[str] | None,
    typer.Option(help=f"Write the report in one more format beside the others: {', '.join(BESIDE)}; repeatable."),
]
Yes = Annotated[
    bool,
    typer.Option(
        "--yes", "-y", help="Start the target's own worker without asking (needed where no terminal can answer)."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the verdicts.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Print every problem, and every point with its answer.")]
