"""10.4: all tests pass."""

from audit.judging.examination import Examination
from checks.criterion import check

QUESTIONS = ("tests-pass",)


def test_10_4(examination: Examination) -> None:
    check(examination, "10.4", QUESTIONS)
