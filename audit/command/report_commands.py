"""`audit report`: what is done with the journal of an audit once it is written."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from audit.command.answers import known_word
from audit.command.cover_file import newest_journal, write_cover
from audit.command.help_text import examples
from audit.command.journal_checks import stale
from audit.command.output_files import OutputError, put
from audit.command.session_checks import checked, is_session, rendered, stale_session
from audit.command.terminal import complain, say, shown
from audit.experiments.evidence_files import EvidenceFileError
from audit.journal import journal_file as journal
from audit.journal import signature
from audit.journal.differences import differences
from audit.report.html_page import render_html
from audit.report.junit import render_junit
from audit.report.markdown import render_markdown
from audit.report.problem_lines import github_annotations, placed_below, problem_lines
from audit.report.sarif import render_sarif
from audit.target.target_file import Target, TargetError, load_target

_FAILED, _USAGE = 1, 2
_SECONDS = 120
FORMATS: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "markdown": (".md", render_markdown),
    "json": (".json", journal.dump),
    "html": (".html", render_html),
    "sarif": (".sarif", render_sarif),
    "junit": (".junit.xml", render_junit),
    "github": (".github.txt", github_annotations),
    "summary": (".summary.md", lambda j: render_markdown(j).partition("\n---\n")[0].rstrip() + "\n"),
    "lines": (".txt", lambda j: "".join(f"{shown(line)}\n" for line in problem_lines(j))),
}
# Those that an audit does not always write.
BESIDE = tuple(name for name in FORMATS if name not in {"markdown", "json"})
_Journal = Annotated[Path, typer.Argument(help="A journal written by `audit run`.")]

# Lines that say why a build fails; the journal has them all.
MOST_REASONS = 10

report = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


def write_beside(markdown: Path, document: Mapping[str, Any], formats: Iterable[str]) -> None:
    """Write a journal in other formats, beside its report."""
    put({markdown.with_suffix(FORMATS[f][0]): FORMATS[f][1](dict(document)) for f in formats})


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(report, name="report", short_help="Convert, compare, verify or sign a journal.")


@report.callback()
def group() -> None:
    """Convert the journal of an audit, compare two, verify one against its tree, or sign a decision over it."""


@contextmanager
def _usage() -> Iterator[None]:
    try:
        yield
    except (
        journal.JournalError,
        EvidenceFileError,
        OutputError,
        TargetError,
        signature.SignatureError,
        OSError,
    ) as error:
        complain(str(error))
        raise typer.Exit(_USAGE) from error


@report.command(
    short_help=f"Write a journal as {', '.join(FORMATS)}, or PDF.",
    epilog=examples("audit report convert X.json --to sarif > audit.sarif", "audit report convert X.json --pdf X.pdf"),
)
def convert(
    path: _Journal,
    to: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}; `summary` is the first screen.")] = "markdown",
    pdf: Annotated[
        Path | None, typer.Option(help="Print the page into this file, on A4, by the Chromium that is installed.")
    ] = None,
    below: Annotated[
        Path, typer.Option(help="Where the target is, in the repository that annotations and SARIF speak of.")
    ] = Path(),
) -> None:
    """Print a journal in another format on standard output, or as a PDF file. A soak is counted again from its ledger first."""
    with _usage():
        known_word("--to", to, FORMATS)
        if is_session(path):
            typer.echo(rendered(checked(path), path), nl=False)
            return
        document = _checked(path)
        text = _converted(path, placed_below(document, below), "html" if pdf else to)
        if pdf is None:
            typer.echo(text, nl=False)
            return
        _print_pdf(text, pdf)


def _checked(path: Path) -> dict[str, Any]:
    """A journal that follows its schema and its profile. Raises JournalError, which names the file."""
    try:
        document = journal.read(path)
        journal.check_floors(document)
    except journal.JournalError as error:
        # A file that cannot be read is already named.
        raise journal.JournalError(str(error) if str(error).startswith(f"{path}:") else f"{path}: {error}") from error
    return document


def _converted(path: Path, document: dict[str, Any], to: str) -> str:
    try:
        return FORMATS[to][1](document)
    except Exception as error:  # whatever a hand put there that no check foresaw
        raise journal.JournalError(f"{path}: cannot be rendered: {type(error).__name__}") from error


def _print_pdf(page: str, pdf: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        raise OutputError("--pdf needs an installed Chromium (chromium, chromium-browser or google-chrome)")
    with tempfile.TemporaryDirectory(prefix="audit-pdf-") as folder:
        source = Path(folder) / "page.html"
        source.write_text(page, encoding="utf-8", errors="backslashreplace")
        options = ("--headless=new", "--disable-gpu", "--no-sandbox", f"--user-data-dir={folder}/profile")
        command = [browser, *options, "--no-pdf-header-footer", f"--print-to-pdf={pdf.absolute()}", source.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode or not pdf.is_file():
        raise OutputError(f"--pdf {pdf}: {browser} exited with {done.returncode}")


@report.command(short_help="Say what changed between two journals.", epilog=examples("audit report diff A.json B.json"))
def diff(before: _Journal, after: _Journal) -> None:
    """Print what changed from BEFORE to AFTER: verdicts, figures, problems that appeared and went. Exit 1 when something did."""
    with _usage():
        lines = differences(journal.read(before), journal.read(after))
    for line in lines:
        typer.echo(shown(line))
    raise typer.Exit(_FAILED if lines else 0)


@report.command(
    short_help="Check journals against what they speak of.",
    epilog=examples("audit report verify X.json --target ../shop", "audit report verify --past reports/*.json"),
)
def verify(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Journals written by `audit run`, `audit fire` or `audit soak`."),
    ],
    target: Annotated[
        Path | None, typer.Option(help="The audited project: its digest, excerpts and evidence are checked too.")
    ] = None,
    signers: Annotated[
        Path | None, typer.Option(help="Allowed signers, as ssh-keygen reads them: the decision must be signed by one.")
    ] = None,
    past: Annotated[
        bool, typer.Option("--past", help="Records of the past: the tool and the tree may have moved since.")
    ] = False,
) -> None:
    """Exit 1 when something is stale or was edited, one line each: the report, the drawing, the tree, the tool, a signature.

    A soak is counted again from its ledger.
    """
    failed = False
    for path in paths:
        with _usage():
            if past and target:
                raise TargetError("--past and --target exclude each other: a record of the past speaks of another tree")
            lines = _stale(path, load_target(target) if target else None, signers, past=past)
        for line in lines:
            typer.echo(shown(line))
        say(f"{path}: {f'{len(lines)} stale' if lines else 'holds'}")
        failed = failed or bool(lines)
    raise typer.Exit(_FAILED if failed else 0)


def _stale(path: Path, target: Target | None, signers: Path | None, *, past: bool) -> list[str]:
    if is_session(path):
        return stale_session(path, target, past=past)
    return stale(path, _checked(path), target, signers, past=past)


@report.command(
    short_help="Write the cover page of the checkpoints in a folder.", epilog=examples("audit report cover reports")
)
def cover(
    folder: Annotated[Path, typer.Argument(help="Where the journals are; the newest says of which target.")],
) -> None:
    """Write `DATE-couverture-PROFILE.md`: where each family stands, and the trend of its figures. Nothing is overwritten."""
    with _usage():
        newest = newest_journal(folder)
        say(f"Cover: {write_cover(folder, newest['target']['name'], newest['profile'], say)}")


@report.command(
    short_help="Write your decision over a journal.",
    epilog=examples("audit report sign X.json --name 'A. Martin' --decision accepté --key ~/.ssh/id_ed25519"),
)
def sign(
    path: _Journal,
    name: Annotated[str, typer.Option(help="Who decides.")],
    decision: Annotated[str, typer.Option(help=f"One of: {', '.join(signature.DECISIONS)}.")],
    reserve: Annotated[str, typer.Option(help="What is reserved, or left to do.")] = "",
    key: Annotated[
        Path | None, typer.Option(help="An ssh private key that signs it; without one, anybody can write it.")
    ] = None,
) -> None:
    """Write NAME's decision beside the journal, over its bytes. Only a person gives this command: no audit ever signs."""
    with _usage():
        journal.read(path)
        text = signature.signed(path, name, decision, datetime.now(UTC).date().isoformat(), reserve=reserve, key=key)
        put({signature.beside(path): text})
    say(f"Signed: {signature.beside(path)}")
