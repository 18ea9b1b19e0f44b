"""8.1: Message 1 leave with no administrator connected."""

import pytest

from audit.command.pytest_items import report
from audit.judging.examination import Examination

QUESTIONS = (
    "sender-no-user",
    "campaign-sender-no-user",
    "autonomous-sending",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_8_1(question: str, examination: Examination) -> None:
    report(examination, question)
