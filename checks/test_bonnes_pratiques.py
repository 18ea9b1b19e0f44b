"""Good practices: rules of production that the criteria do not name, and those that back one up."""

import pytest

from audit.command.pytest_items import report
from audit.judging.asked import asked, every_question
from audit.judging.examination import Examination
from audit.requirements.profiles import GOOD_PRACTICES, STRICT

QUESTIONS = asked(STRICT, every_question()).categories[GOOD_PRACTICES]


@pytest.mark.parametrize("question", QUESTIONS)
def test_good_practice(question: str, examination: Examination) -> None:
    report(examination, question)
