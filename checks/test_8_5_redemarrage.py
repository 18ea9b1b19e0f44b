"""8.5: A worker that dies is started again."""

import pytest

from audit.command.pytest_items import report
from audit.judging.examination import Examination

QUESTIONS = (
    "supervision",
    "recovery",
    "retry-limit",
    "retry-delays",
    "retry-not-swallowed",
    "retry-schedule",
    "worker-restart",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_8_5(question: str, examination: Examination) -> None:
    report(examination, question)
