"""6.5: each duplicate attempt is logged."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("duplicate-replies",)


def test_6_5(examination: Examination) -> None:
    check(examination, "6.5", QUESTIONS)
