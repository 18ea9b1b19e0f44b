"""What the pytest plugin does once a target is given: items that can be asked for by name, a journal, and the command's answer."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audit.command.answers import Exit, Gate, gate, known_word
from audit.command.audit_run import Written, begun, record
from audit.command.direct_session import play
from audit.command.output_files import OutputError, writable
from audit.command.pytest_items import AuditFile, AuditItem
from audit.command.report_commands import BESIDE, MOST_REASONS, write_beside
from audit.command.run_setup import prepare
from audit.judging.examination import Examination
from audit.model.findings import Level, Outcome
from audit.target.target_file import TargetError


def start(config: pytest.Config, given: Mapping[str, Any]) -> None:
    """Register what audits. Raises pytest.UsageError on bad usage, as the command exits 2."""
    try:
        for word in given["audit_also"]:
            known_word("--audit-also", word, BESIDE)
        wanted = gate(given["audit_fail_on"] or "critique", _path(given["audit_baseline"]))
        examination = prepare(
            given["audit_target"],
            given["audit_profile"] or None,
            given["audit_level"] or None,
            family=given["audit_family"] or None,
            evidence=[Path(file) for file in given["audit_evidence"]],
            python=given["audit_python"],
        )
        out = None if given["audit_no_report"] else Path(given["audit_out"] or "reports")
    except (TargetError, OutputError) as error:
        raise pytest.UsageError(str(error)) from error
    if config.getoption("dist", "no") != "no" and examination.level >= Level.EXECUTION:
        raise pytest.UsageError(
            "an audit at level execution starts one stack, which the processes of pytest-xdist cannot share, and none of them "
            "sees every answer: run it in a session of its own with -n 0, or give --audit-level configuration"
        )
    examination.may_start_worker = given["audit_yes"]
    command = f"pytest {shlex.join(config.invocation_params.args)}".strip()
    held = anchor(Path(given["audit_target"]))
    # Outside of pytest's root, pytest would leave the folders out of the name, and never find it again.
    name = Path(os.path.relpath(held, config.rootpath)).as_posix() if held else "audit"
    how = How(command, out, tuple(given["audit_also"]), held, name)
    config.pluginmanager.register(AuditSession(examination, wanted, how), "audit-session")


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def anchor(target: Path) -> Path | None:
    """The file that stands for the target in the names of items: pytest finds an item again by a file that exists.

    Never a module, which pytest would import.
    """
    if target.is_file():
        return target.resolve()
    names = ("audit.toml", "pyproject.toml", *sorted(p.name for p in target.iterdir() if p.suffix != ".py"))
    return next(((target / name).resolve() for name in names if (target / name).is_file()), None)


@dataclass(frozen=True)
class How:
    """The command as it was given, where the report goes and in which formats, and the file whose items are the audit's.

    `name` is that of this file in the names of items.
    """

    command: str
    out: Path | None
    also: tuple[str, ...]
    held: Path | None
    name: str


class AuditSession:
    """One audit inside of a pytest session."""

    def __init__(self, examination: Examination, wanted: Gate, how: How) -> None:
        """Nothing is read yet."""
        self.examination, self.wanted, self.how = examination, wanted, how
        self.asked = begun(how.command)
        self.ran: set[str] = set()
        self.refused: set[str] = set()
        self.told: list[str] = []

    def _file(self, parent: pytest.Collector) -> AuditFile:
        path = self.how.held or parent.config.rootpath / "audit"
        file: AuditFile = AuditFile.from_parent(parent, path=path, nodeid=self.how.name, examination=self.examination)
        return file

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """The audit's items, when their file is collected or asked for by name."""
        return self._file(parent) if file_path.resolve() == self.how.held else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the audit's items after the project's own, unless some were asked for by name."""
        if not any(isinstance(item, AuditItem) for item in items):
            items += self._file(session).collect()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note which items ran, and which were refused: here, or in a process of pytest-xdist."""
        file, _, identifier = report.nodeid.rpartition("::")
        if file == self.how.name:
            self.ran.add(identifier)
            if report.failed:
                self.refused.add(identifier)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the journal and answer as the command does, when every question was put."""
        if hasattr(session.config, "workerinput") or session.config.option.collectonly:
            return
        if session.exitstatus not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            return
        if why := self._unfinished():
            self.told.append(f"No report: {why}")
            return
        try:
            if self.how.out is not None:
                writable(self.how.out)
            written = record(self.examination, self.how.out, self.asked, play(self.examination, quiet=True))
            self._answer(session, written)
        except OutputError as error:
            self.told.append(f"audit: {error}")
            session.exitstatus = Exit.USAGE

    def _unfinished(self) -> str:
        """Why nothing may be concluded; empty when all was asked."""
        every = {identifier for _, identifier in self.examination.tests()}
        if not every:
            return "the profile asks nothing at this level"
        left = len(every - self.ran)
        return f"{left} of {len(every)} questions were not put" if left else ""

    def _answer(self, session: pytest.Session, written: Written) -> None:
        reasons = self.wanted.reasons(written.journal)
        self.told += [f"Fails: {reason}" for reason in reasons[:MOST_REASONS]]
        if self.how.out is not None:
            write_beside(written.markdown, written.journal, self.how.also)
            self.told.append(f"Report: {written.markdown}")
        refusing = {Outcome.DEFECT, Outcome.AUDIT_ERROR}
        expected = {i for _, i in self.examination.tests() if self.examination.outcome(i) in refusing}
        alone = session.testsfailed == len(self.refused)
        # What failed besides, or otherwise than the audit says (-W error), stays pytest's own answer.
        if not alone or not self.refused <= expected:
            return
        session.exitstatus = self.wanted.answer(self.examination, reasons)
        if self.refused and session.exitstatus == Exit.FINE:
            self.told.append(f"Passes: no failed point is of severity {self.wanted.fail_on} (--audit-fail-on)")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say where the report is, and what failed."""
        if self.told:
            terminalreporter.section("audit")
        for line in self.told:
            terminalreporter.write_line(line)

    def pytest_unconfigure(self) -> None:
        """Stop what the experiments started."""
        self.examination.close()
