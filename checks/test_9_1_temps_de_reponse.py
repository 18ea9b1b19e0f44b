"""9.1: the statistics answer within 100 ms."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("statistics-speed",)


def test_9_1(examination: Examination) -> None:
    check(examination, "9.1", QUESTIONS)
