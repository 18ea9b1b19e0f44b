"""10.2: no unused import."""

from audit.judging.examination import Examination
from checks.criterion import check

QUESTIONS = ("unused-imports",)


def test_10_2(examination: Examination) -> None:
    check(examination, "10.2", QUESTIONS)
