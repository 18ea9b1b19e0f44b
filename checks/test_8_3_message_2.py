"""8.3: Message 2 leaves on interaction with no administrator."""

import pytest

from audit.command.pytest_items import report
from audit.judging.examination import Examination

QUESTIONS = (
    "follow-up-no-user",
    "follow-up-sending",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_8_3(question: str, examination: Examination) -> None:
    report(examination, question)
