"""pytest plugin: every rule and experiment of a profile becomes a test item.

Inert unless `--audit-target` is given, so that it costs nothing to the sessions of projects that merely have it installed.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.examination import Examination

EXAMINATION = pytest.StashKey["Examination"]()


class AuditReservationWarning(UserWarning):
    """A point established with a reservation, or a defect that another control compensates."""


class AuditDefect(Exception):  # noqa: N818  not an error of the program: what the audit found
    """The target fails a point."""


class AuditError(Exception):
    """A rule or an experiment broke."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the plugin; `audit run` gives them."""
    group = parser.getgroup("audit", "audit of a Celery project")
    group.addoption("--audit-target", metavar="PATH", help="audit.toml, pyproject.toml, or a directory that holds one")
    group.addoption("--audit-profile", default="strict", metavar="NAME", help="checkpoint-2025 or strict (default)")
    group.addoption("--audit-family", default="8", metavar="N", help="family of criteria: 4 to 10, 8 by default")
    group.addoption("--audit-level", metavar="LEVEL", help="source, configuration or execution: up to which evidence")
    group.addoption("--audit-yes", action="store_true", help="allow the start of the target's own worker (canary)")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the examination when a target is given."""
    path = config.getoption("--audit-target", default=None)
    if path is None:
        return
    from audit.start import prepare  # noqa: PLC0415  keeps the plugin free for sessions that do not audit
    from audit.target import TargetError  # noqa: PLC0415

    try:
        examination = prepare(
            path,
            config.getoption("--audit-profile"),
            config.getoption("--audit-level"),
            family=config.getoption("--audit-family"),
        )
    except TargetError as error:
        raise pytest.UsageError(str(error)) from error
    examination.may_start_worker = config.getoption("--audit-yes")
    config.stash[EXAMINATION] = examination


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what the experiments started."""
    examination = config.stash.get(EXAMINATION, None)
    if examination is not None:
        examination.close()


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add one item per test of the profile."""
    examination = config.stash.get(EXAMINATION, None)
    if examination is not None:
        items += audit_items(session, examination)


def audit_items(parent: pytest.Collector, examination: Examination) -> Iterable[pytest.Item]:
    """The items of one examination, in print order."""
    for category, identifier in examination.tests():
        nodeid = f"{category}::{identifier}"
        item: AuditItem = AuditItem.from_parent(
            parent, name=identifier, nodeid=nodeid, category=category, examination=examination
        )
        yield item


class AuditFile(pytest.File):
    """Collects the items of an examination, whatever the file holds."""

    def __init__(self, *, examination: Examination, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.examination = examination

    def collect(self) -> Iterable[pytest.Item]:
        """The items of the profile."""
        return audit_items(self, self.examination)


class AuditItem(pytest.Item):
    """One rule or experiment. Audit errors are raised in set-up, so that pytest reports them as errors, not failures."""

    def __init__(self, *, category: str, examination: Examination, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.category = category
        self.examination = examination
        # As doctests do, for plugins that read the fixtures of every item.
        self.funcargs: dict[str, Any] = {}

    def setup(self) -> None:
        """Evaluate; raise AuditError when the rule or experiment broke."""
        findings = self.examination.findings(self.name)
        broken = [f.sentence for f in findings if f.outcome == "erreur d'audit"]
        if broken:
            raise AuditError("\n".join(broken))

    def runtest(self) -> None:
        """Turn the outcome into pytest's words."""
        report(self.examination, self.name)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Only the sentences: a traceback of the harness would say nothing about the target."""
        if isinstance(excinfo.value, AuditDefect | AuditError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, int | None, str]:
        """Heading of a failure."""
        return "audit", None, f"{self.category} - {self.name}"


def report(examination: Examination, identifier: str) -> None:
    """Pass, warn, skip or raise AuditDefect or AuditError, after the outcome of one test."""
    outcome = examination.outcome(identifier)
    sentences = examination.explanation(identifier)
    if outcome == "erreur d'audit":
        raise AuditError(sentences)
    if outcome == "défaut":
        raise AuditDefect(sentences)
    if outcome == "indéterminé":
        pytest.skip("indéterminé : " + sentences)
    if outcome == "sans objet":
        pytest.skip("sans objet : " + sentences)
    if outcome == "réserve":
        warnings.warn(AuditReservationWarning(sentences), stacklevel=1)
