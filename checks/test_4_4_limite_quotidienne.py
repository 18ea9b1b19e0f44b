"""4.4: never more than the daily limit."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("daily-limit",)


def test_4_4(examination: Examination) -> None:
    check(examination, "4.4", QUESTIONS)
