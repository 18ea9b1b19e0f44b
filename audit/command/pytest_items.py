"""What pytest runs for an audit: one item a rule or an experiment, and how an outcome becomes pytest's word for it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.judging.examination import Examination


class AuditReservationWarning(UserWarning):
    """A point established with a reservation, or a defect that another control compensates."""


class AuditDefect(Exception):  # noqa: N818  not an error of the program: what the audit found
    """The target fails a point."""


class AuditError(Exception):
    """A rule or an experiment broke."""


class AuditFile(pytest.File):
    """Collects the items of an examination, whatever the file holds, in print order.

    An item is named after the file, so that it can be asked for again; `printed` names it after its category, as `audit run`
    prints it.
    """

    def __init__(self, *, examination: Examination, printed: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.examination, self.printed = examination, printed

    def collect(self) -> Iterable[pytest.Item]:
        """The items of the profile."""
        for category, identifier in self.examination.tests():
            named = {"nodeid": f"{category}::{identifier}"} if self.printed else {}
            item: AuditItem = AuditItem.from_parent(
                self, name=identifier, category=category, examination=self.examination, **named
            )
            yield item


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
