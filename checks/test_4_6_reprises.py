"""4.6: a passing failure is retried three times at most, after 60, 120 and 240 s."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = (
    "retry-limit",
    "retry-delays",
    "retry-not-swallowed",
    "retry-schedule",
)


def test_4_6(examination: Examination) -> None:
    check(examination, "4.6", QUESTIONS)
