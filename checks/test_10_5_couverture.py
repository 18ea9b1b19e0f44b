"""10.5: test coverage above 80 %."""

from audit.judging.examination import Examination
from checks.criterion import check

QUESTIONS = ("test-coverage",)


def test_10_5(examination: Examination) -> None:
    check(examination, "10.5", QUESTIONS)
