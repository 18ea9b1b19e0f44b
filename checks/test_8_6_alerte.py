"""8.6: an alert leaves when workers are down for more than 5 minutes."""

import pytest

from audit.command.pytest_items import report
from audit.judging.examination import Examination

QUESTIONS = ("worker-alert",)


@pytest.mark.parametrize("question", QUESTIONS)
def test_8_6(question: str, examination: Examination) -> None:
    report(examination, question)
