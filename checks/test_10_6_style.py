"""10.6: a uniform style, checked by a tool."""

from audit.judging.examination import Examination
from checks.criterion import check

QUESTIONS = ("uniform-style",)


def test_10_6(examination: Examination) -> None:
    check(examination, "10.6", QUESTIONS)
