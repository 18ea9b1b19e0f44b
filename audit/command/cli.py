"""The `audit` command."""

import io
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from audit.command import explain_command, report_commands
from audit.command import run_options as options
from audit.command.announcement import announcement
from audit.command.answers import Exit, Gate, gate, known_word, worst
from audit.command.audit_run import Written, command_line, run
from audit.command.cover_file import write_cover
from audit.command.debug_log import debug_log, identity
from audit.command.direct_session import InterruptedAuditError
from audit.command.help_text import examples
from audit.command.laboratory_commands import register
from audit.command.output_files import OutputError
from audit.command.report_commands import BESIDE, MOST_REASONS, write_beside
from audit.command.run_setup import EVERY_FAMILY, every_family, level_of_family, prepare
from audit.command.sigterm import stopped_cleanly
from audit.command.terminal import complain, say, say_points, say_problems, say_totals, say_verdicts, shown
from audit.judging.examination import Examination
from audit.model.findings import Level
from audit.report.problem_lines import problem_lines
from audit.target.target_file import TargetError

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


_MOST_LINES = 30
_EXIT_CODES = (
    "Exit codes: 0 nothing NON CONFORME and no problem from --fail-on on (PARTIEL and INDÉTERMINÉ are printed), 1 one of "
    "them, 2 bad usage, 3 nothing could be judged, the sources could not be read, an execution was asked and not played, or "
    "an audit error."
)

register(app)
explain_command.register(app)
report_commands.register(app)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(identity())
        raise typer.Exit(Exit.FINE)


@app.callback(epilog=examples("audit run ../shop --level source", "audit --debug run ../shop 2> debug.log"))
def main(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_say_version, help="Print the version, of Python too, and exit."
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help="Tell what is read, skipped, imported and started, and how long it takes; before the command.",
        ),
    ] = False,
) -> None:
    """Audit a Celery project, requirement by requirement, and write the French checkpoint that reviewers sign."""
    if debug:
        context.with_resource(debug_log())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that has no accents must not end an audit.
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _exit_codes() -> Iterator[None]:
    """Say what ends an audit early, and exit with the code that says it."""
    try:
        with stopped_cleanly():
            yield
    except (TargetError, OutputError) as error:
        complain(str(error))
        raise typer.Exit(Exit.USAGE) from error
    except (InterruptedAuditError, KeyboardInterrupt) as error:
        complain(str(error) or "interrupted: no report is written")
        raise typer.Exit(Exit.COULD_NOT_RUN) from error
    except Exception as error:  # uncaught, it would exit 1, which says NON CONFORME
        traceback.print_exc()
        complain(f"could not finish: {error}")
        raise typer.Exit(Exit.COULD_NOT_RUN) from error


@app.command(
    "run",
    short_help="Audit a project and write its checkpoint.",
    epilog=examples(
        "audit run ../shop --level source",
        "audit run ../shop --level configuration --python ../shop/.venv/bin/python",
    )
    + _EXIT_CODES,
)
def run_command(  # noqa: PLR0917  typer reads them by name
    target: options.Target = Path(),
    profile: options.Profile = None,
    level: options.Level = None,
    family: options.Family = None,
    out: options.Out = Path("reports"),
    no_report: options.NoReport = False,
    evidence: options.Evidence = None,
    python: options.Python = "",
    fail_on: options.FailOn = "critique",
    baseline: options.Baseline = None,
    also: options.Also = None,
    yes: options.Yes = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Audit TARGET and write `DATE-famille-N-PROFILE.md` (`DATE-celery.md`) with its journal (`.json`) in the output directory.

    The canary: at level `execution`, a target without a driver has its own worker started with its own settings, between 90
    and 120 seconds, on a private broker and without network, with tasks of ours; its children, its main process and its
    broker are killed, and what was lost or run twice is counted. Its own tasks are never called.
    """
    with _exit_codes():
        for word in also or ():
            known_word("--also", word, BESIDE)
        wanted = gate(fail_on, baseline)
        how = _How(None if no_report else out, tuple(also or ()), yes=yes, quiet=quiet, verbose=verbose)
        whole = family == EVERY_FAMILY
        if whole and baseline:
            raise TargetError("--baseline is the journal of one family: not with --family all")
        codes = []
        for one in every_family(profile) if whole else (family,):
            at = level_of_family(level, one) if whole else level
            examination = prepare(target, profile, at, family=one, evidence=evidence or (), python=python)
            codes.append(_audit(examination, wanted, how))
        if whole and how.out:
            say(f"Cover: {write_cover(how.out, examination.target.name, examination.profile.name, say)}")
    raise typer.Exit(worst(codes))


@dataclass(frozen=True)
class _How:
    """Where the report of an audit goes, in which formats, and what is said meanwhile."""

    out: Path | None
    also: tuple[str, ...]
    yes: bool
    quiet: bool
    verbose: bool


def _audit(examination: Examination, wanted: Gate, how: _How) -> Exit:
    """Audit one family, say what was found, and answer."""
    examination.may_start_worker = _announced(examination, yes=how.yes)
    if not how.quiet:
        examination.tell = lambda step: say(step, dim=True)
    written = run(examination, how.out, command_line(), how.quiet or examination.level < Level.EXECUTION)
    if how.out:
        write_beside(written.markdown, written.journal, how.also)
    _say(written, examination, most=None if how.verbose else 0 if how.quiet else _MOST_LINES)
    reasons = wanted.reasons(written.journal)
    for reason in reasons[:MOST_REASONS]:
        say(f"Fails: {reason}")
    if how.out:
        say(f"Report: {written.markdown}")
    return wanted.answer(examination, reasons)


@app.command(
    short_help="Write a target file from what the source says.",
    epilog=examples("audit init ../shop", "audit init ../shop --driver"),
)
def init(
    target: Annotated[Path, typer.Argument(help="A project directory.")] = Path(),
    force: Annotated[bool, typer.Option(help="Replace the audit.toml that is there.")] = False,
    driver: Annotated[
        bool,
        typer.Option(
            "--driver",
            help="Write the skeleton of a driver too, for `audit run --level execution`; never replaces one.",
        ),
    ] = False,
) -> None:
    """Write TARGET/audit.toml from what the source says: each entry with the line that suggested it, for you to correct."""
    from audit.command.init.driver_skeleton import SYMBOL  # noqa: PLC0415  only this command needs it
    from audit.command.init.project_description import initialise  # noqa: PLC0415
    from audit.command.init.target_file_writer import NAME  # noqa: PLC0415

    try:
        with stopped_cleanly():
            made = initialise(target, force=force, driver=driver)
    except TargetError as error:
        complain(str(error))
        raise typer.Exit(Exit.USAGE) from error
    except KeyboardInterrupt as error:
        complain("interrupted: nothing is written")
        raise typer.Exit(Exit.COULD_NOT_RUN) from error
    if made.inferred.not_found:
        say(f"Not found: {', '.join(made.inferred.not_found)}")
    for spec in made.inferred.specs:
        say(f"Kiro spec: {shown(spec)}")
    if made.driver:
        say(f"Driver: {made.driver}; what is left to write is marked TODO, and audit/experiments/DRIVER.md tells how")
    if made.target_file:
        say(f"Target file: {made.target_file}")
    else:
        say(f'Target file: {target / NAME} was there and is unchanged; name the driver in it: driver = "{SYMBOL}"')


@app.command(
    "rules",
    short_help="List the rules, or explain one.",
    epilog=examples("audit rules", "audit rules late-acknowledgement"),
)
def rules_command(
    identifier: Annotated[str | None, typer.Argument(help="One rule to explain, as `late-acknowledgement`.")] = None,
    markdown: Annotated[
        bool, typer.Option(help="Print the whole manual, as committed in audit/rules/REGLES.md.")
    ] = False,
) -> None:
    """List the rules, or explain one: what it asks, its source, when it cannot conclude, and what to do.

    Rules of other packages (entry point group `audit.rules`) are listed too, but are not in the manual.
    """
    from audit.command import rule_pages as pages  # noqa: PLC0415  only this command needs it

    try:
        if markdown:
            pages.print_manual()
        elif identifier is None:
            pages.list_rules()
        else:
            pages.explain(identifier)
    except pages.UnknownRuleError as error:
        complain(str(error))
        raise typer.Exit(Exit.USAGE) from error


def _announced(examination: Examination, *, yes: bool) -> bool:
    """Say first what will be played, or why not. Whether the target's worker, which is somebody's code, may be started."""
    starts, asked = examination.starts_worker, sys.stdin.isatty()
    if told := announcement(examination, refused=starts and not yes and not asked):
        say(told)
    return starts and (yes or (asked and _agreed(examination)))


def _say(written: Written, examination: Examination, most: int | None) -> None:
    """Problems first, so many at most (all, with every point, for None), then counts and verdicts."""
    say_problems(problem_lines(written.journal), most)
    say_totals(written.journal)
    if most is None:
        say_points(written.journal)
    say_verdicts(examination)


def _agreed(examination: Examination) -> bool:
    app = shown(examination.completed.celery_app)
    try:
        return typer.confirm(f"Start the Celery worker of {app}, without network, to kill it and count?", err=True)
    except typer.Abort as error:
        raise KeyboardInterrupt from error
