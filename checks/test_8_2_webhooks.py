"""8.2: Webhooks are processed with no administrator connected."""

import pytest

from audit.command.pytest_items import report
from audit.judging.examination import Examination

QUESTIONS = (
    "webhook-no-user",
    "webhook-processor-no-user",
    "webhook-processing",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_8_2(question: str, examination: Examination) -> None:
    report(examination, question)
