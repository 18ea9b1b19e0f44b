"""10.1: no dead code."""

from audit.judging.examination import Examination
from checks.criterion import check

QUESTIONS = ("dead-code",)


def test_10_1(examination: Examination) -> None:
    check(examination, "10.1", QUESTIONS)
