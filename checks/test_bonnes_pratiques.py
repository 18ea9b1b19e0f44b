"""Good practices: rules of production that the criteria do not name, and those that back one up."""

import pytest

from audit.command.pytest_items import AuditReservationWarning, report
from audit.judging.examination import Examination
from checks.criterion import good_practices

# Redis counts no deliveries, and neither do the stack's tasks: the reports say so.
RESERVED = {"bounded-deliveries"}


@pytest.mark.parametrize("question", sorted({*good_practices()} - RESERVED))
def test_good_practice(question: str, examination: Examination) -> None:
    report(examination, question)


@pytest.mark.parametrize("question", sorted(RESERVED))
def test_what_is_reserved_is_told(question: str, examination: Examination) -> None:
    with pytest.warns(AuditReservationWarning):
        report(examination, question)
