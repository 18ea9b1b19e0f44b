"""7.2: the five final states."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("campaign-closing",)


def test_7_2(examination: Examination) -> None:
    check(examination, "7.2", QUESTIONS)
