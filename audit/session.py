"""`audit run`: pytest runs the examination's items, then the journal and the report are written."""

import io
import os
import platform
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audit import journal
from audit.corrections import Previous
from audit.digest import tree_digest
from audit.examination import Examination
from audit.plugin import AuditFile
from audit.report.markdown import render_markdown


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

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        parts, _ = terminalreporter.build_summary_stats_line()
        seconds = time.perf_counter() - self.started
        self.summary = ", ".join(text for text, _ in parts) + f" in {seconds:.2f}s"


def run(examination: Examination, out: Path, command: str, quiet: bool = False) -> Written:
    """Play every test of the profile, then write `DATE-famille-N-PROFILE.{md,json}` in `out`.

    Raises OutputError before anything is run when `out` cannot be written, InterruptedAuditError when the tests did not all run.
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
    report = render_markdown(document)
    written.journal_path.write_text(journal.dump(document), encoding="utf-8")
    written.markdown.write_text(report, encoding="utf-8")
    return written


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
            document = journal.read(path)
        except journal.JournalError:
            continue
        if (document["target"]["name"], document["profile"], document["family"]) == (
            examination.target.name,
            examination.profile.name,
            family,
        ):
            candidates.append(Previous(path, document))
    return max(candidates, key=lambda p: p.journal["volatile"]["generated_at"], default=None)


def command_line() -> str:
    """The command as the user typed it."""
    program = Path(sys.argv[0])
    name = "python -m audit" if program.name == "__main__.py" else program.name
    return shlex.join([*name.split(), *sys.argv[1:]])
