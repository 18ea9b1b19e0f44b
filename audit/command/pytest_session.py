"""The engine of experiments: pytest runs the examination's items, each a test with its progress, capture and teardown."""

import io
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from audit.command.direct_session import InterruptedAuditError
from audit.command.pytest_items import AuditFile
from audit.judging.examination import Examination
from audit.model.findings import Outcome


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
        return AuditFile.from_parent(parent, path=file_path, examination=self.examination, printed=True)

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


def play(examination: Examination, *, quiet: bool) -> str:
    """Run pytest in this process: no plugin autoloaded, no configuration of the target, no cache, an empty root.

    The answer is pytest's own last line. Raises InterruptedAuditError when the tests did not all run, or ended otherwise
    than the findings say.
    """
    items = _Items(examination)
    # Whatever PYTHONWARNINGS says, a reservation is a warning and not a failure.
    reservation = "always::audit.command.pytest_items.AuditReservationWarning"
    options = ["-c", os.devnull, "--rootdir", os.curdir, "--noconftest", "-p", "no:cacheprovider", "-W", reservation]
    output = io.StringIO() if quiet else sys.stdout
    with _neutral_environment(), tempfile.TemporaryDirectory(prefix="audit-") as empty, redirect_stdout(output):
        questions = Path(empty) / items.examination.profile.name
        questions.touch()
        code = pytest.main([*options, "--tb=short", "-v", "-ra", "--no-header", str(questions)], plugins=[items])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        raise InterruptedAuditError(
            f"pytest stopped before the end ({pytest.ExitCode(code).name}): no report is written"
        )
    if differs := items.disagreement():
        raise InterruptedAuditError(f"pytest and the findings differ on {differs}: no report is written")
    return items.summary


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
