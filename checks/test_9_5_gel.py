"""9.5: statistics are frozen at the closing."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("statistics-freezing",)


def test_9_5(examination: Examination) -> None:
    check(examination, "9.5", QUESTIONS)
