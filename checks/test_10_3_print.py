"""10.3: no stray print in production."""

from audit.judging.examination import Examination
from checks.criterion import check

QUESTIONS = ("stray-prints",)


def test_10_3(examination: Examination) -> None:
    check(examination, "10.3", QUESTIONS)
