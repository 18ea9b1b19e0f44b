"""Good practices: rules of production that the criteria do not name, and those that back one up."""

import pytest

from audit.command.pytest_items import report
from audit.judging.examination import Examination
from checks.criterion import good_practices


@pytest.mark.parametrize("question", good_practices())
def test_good_practice(question: str, examination: Examination) -> None:
    report(examination, question)
