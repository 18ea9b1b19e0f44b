"""The verdict of one criterion of the reference stack, in pytest's words."""

import warnings
from collections.abc import Sequence

import pytest

from audit.command.pytest_items import AuditDefect, AuditReservationWarning
from audit.judging.examination import Examination
from audit.judging.verdict import Status


def check(examination: Examination, criterion: str, questions: Sequence[str]) -> None:
    """Ask these questions, then pass, warn, skip or raise AuditDefect after the verdict of the criterion."""
    for question in questions:
        examination.findings(question)
    verdict = examination.verdicts()[criterion]
    told = f"{criterion} {verdict.status} : {verdict.reason}"
    if verdict.status is Status.NON_COMPLIANT:
        raise AuditDefect(told)
    if verdict.status is Status.UNDETERMINED:
        pytest.skip(told)
    if verdict.status is Status.PARTIAL:
        warnings.warn(AuditReservationWarning(told), stacklevel=1)
