"""9.2: what the statistics tell."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("statistics-content",)


def test_9_2(examination: Examination) -> None:
    check(examination, "9.2", QUESTIONS)
