"""`audit run`: pytest runs the examination's items, then the journal and the report are written."""

import io
import os
import platform
import shlex
import stat
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from errno import EISDIR
from pathlib import Path
from typing import Any

import pytest

from audit import journal
from audit.corrections import Previous
from audit.digest import tree_digest
from audit.examination import Examination
from audit.model import Outcome
from audit.plugin import AuditFile
from audit.report.markdown import render_markdown

# A journal of a whole family takes some hundred kilobytes.
_LARGEST_JOURNAL_BYTES = 20 << 20


class OutputError(Exception):
    """The report cannot be written; the message is one line for the user."""


class InterruptedAuditError(Exception):
    """The tests did not all run, so that nothing may be concluded; the message is one line for the user."""


@dataclass(frozen=True)
class Written:
    """What a run left on disk, and the journal itself."""

    markdown: Path
    journal_path: Path
    journal: Mapping[str, Any]


class _Items:
    """Session plugin: contributes the items and keeps pytest's own closing words."""

    def __init__(self, examination: Examination) -> None:
        self.examination = examination
        self.summary = ""
        self.refused: set[str] = set()
        self.started = time.perf_counter()

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Let progress through: what a test prints is captured, and a passing one's output is never shown."""
        capture = config.pluginmanager.getplugin("capturemanager")
        terminal = config.pluginmanager.getplugin("terminalreporter")
        tell = self.examination.tell

        def tell_now(step: str) -> None:
            with capture.global_and_fixture_disabled():
                terminal.ensure_newline()
                tell(step)

        self.examination.tell = tell_now
        config.add_cleanup(lambda: setattr(self.examination, "tell", tell))

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        return AuditFile.from_parent(parent, path=file_path, examination=self.examination)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.refused.add(report.nodeid)

    def disagreement(self) -> str:
        """An item on which pytest and the findings differ; empty when they tell the same story."""
        refusing = {Outcome.DEFECT, Outcome.AUDIT_ERROR}
        expected = {f"{c}::{i}" for c, i in self.examination.tests() if self.examination.outcome(i) in refusing}
        return min(self.refused ^ expected, default="")

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        parts, _ = terminalreporter.build_summary_stats_line()
        seconds = time.perf_counter() - self.started
        self.summary = ", ".join(text for text, _ in parts) + f" in {seconds:.2f}s"


def run(examination: Examination, out: Path, command: str, quiet: bool = False) -> Written:
    """Play every test of the profile, then write `DATE-famille-N-PROFILE.{md,json}` in `out`.

    Raises OutputError when `out` cannot be written, before anything is run where that can be known, and
    InterruptedAuditError when the tests did not all run, or ended otherwise than the findings say.
    """
    _writable(out)
    started = time.monotonic()
    now = datetime.now(UTC)
    items = _Items(examination)
    try:
        _pytest(items, quiet=quiet)
        digest = tree_digest(examination.target.root, examination.target.exclude)
        family = examination.profile.requirements[0].partition(".")[0]
        stem = f"{now.date().isoformat()}-famille-{family}-{examination.profile.name}"
        volatile = journal.Volatile(
            date=now.date().isoformat(),
            generated_at=now.isoformat(timespec="seconds"),
            duration_seconds=round(time.monotonic() - started, 1),
            command=command,
            pytest_summary=items.summary,
            host=f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU",
        )
        document = journal.build(examination, digest, volatile, find_previous(examination, out, stem))
    finally:
        examination.close()
    written = Written(out / f"{stem}.md", out / f"{stem}.json", document)
    _put({written.markdown: render_markdown(document), written.journal_path: journal.dump(document)})
    return written


def _put(texts: Mapping[Path, str]) -> None:
    """Write every text under its name, or none of them. Raises OutputError."""
    drafts = {path: path.with_name(f".{path.name}.{os.getpid()}.draft") for path in texts}
    try:
        for path, draft in drafts.items():
            # Half of a surrogate pair, which a file name may hold, becomes an escape that JSON reads back.
            draft.write_text(texts[path], encoding="utf-8", errors="backslashreplace")
            if path.is_dir():
                raise IsADirectoryError(EISDIR, "a directory has the report's name", str(path))
        for path, draft in drafts.items():
            draft.replace(path)
    except OSError as error:
        msg = f"{error.filename or texts}: cannot write the report: {error.strerror or error}"
        raise OutputError(msg) from error
    finally:
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def _writable(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        msg = f"--out {out}: cannot write there: {error.strerror or error}"
        raise OutputError(msg) from error


def _pytest(items: _Items, *, quiet: bool) -> None:
    """Run pytest in this process: no plugin autoloaded, no configuration of the target, no cache, an empty root."""
    # Whatever PYTHONWARNINGS says, a reservation is a warning and not a failure.
    reservation = "always::audit.plugin.AuditReservationWarning"
    options = ["-c", os.devnull, "--rootdir", os.curdir, "--noconftest", "-p", "no:cacheprovider", "-W", reservation]
    output = io.StringIO() if quiet else sys.stdout
    with _neutral_environment(), tempfile.TemporaryDirectory(prefix="audit-") as empty, redirect_stdout(output):
        questions = Path(empty) / items.examination.profile.name
        questions.touch()
        code = pytest.main([*options, "--tb=short", "-v", "-ra", "--no-header", str(questions)], plugins=[items])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        msg = f"pytest stopped before the end ({pytest.ExitCode(code).name}): no report is written"
        raise InterruptedAuditError(msg)
    if differs := items.disagreement():
        msg = f"pytest and the findings differ on {differs}: no report is written"
        raise InterruptedAuditError(msg)


@contextmanager
def _neutral_environment() -> Iterator[None]:
    """Hide the variables that would bring plugins or options into the audit's own pytest; give them back afterwards."""
    names = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_ADDOPTS", "PYTEST_PLUGINS")
    saved = {name: os.environ.pop(name) for name in names if name in os.environ}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        os.environ.update(saved)


def find_previous(examination: Examination, out: Path, stem: str) -> Previous | None:
    """The newest journal in `out` of the same target, profile and family, other than the one about to be written."""
    family = examination.profile.requirements[0].partition(".")[0]
    candidates = []
    for path in out.glob("*.json"):
        if path.stem == stem:
            continue
        try:
            document = _earlier(path)
        except (journal.JournalError, OSError) as error:
            examination.tell(f"Not compared with {path.name}: {' '.join(str(error).split())[:200]}")
            continue
        if (document["target"]["name"], document["profile"], document["family"]) == (
            examination.target.name,
            examination.profile.name,
            family,
        ):
            candidates.append(Previous(path, document))
    return max(candidates, key=lambda p: _moment(p.journal), default=None)


def _earlier(path: Path) -> dict[str, Any]:
    """A journal of the past. Raises JournalError or OSError for anything else, without waiting nor filling the memory."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        msg = "not a regular file"
        raise journal.JournalError(msg)
    if found.st_size > _LARGEST_JOURNAL_BYTES:
        msg = f"larger than {_LARGEST_JOURNAL_BYTES >> 20} MB"
        raise journal.JournalError(msg)
    document = journal.read(path)
    if _moment(document) > datetime.now(UTC):
        msg = f"dated in the future ({document['volatile']['generated_at']})"
        raise journal.JournalError(msg)
    return document


def _moment(document: Mapping[str, Any]) -> datetime:
    moment = datetime.fromisoformat(document["volatile"]["generated_at"])
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def command_line() -> str:
    """The command as the user typed it."""
    program = Path(sys.argv[0])
    name = "python -m audit" if program.name == "__main__.py" else program.name
    return shlex.join([*name.split(), *sys.argv[1:]])
