"""4.5: each send leaves a structured record in the log."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("message-1-sending",)


def test_4_5(examination: Examination) -> None:
    check(examination, "4.5", QUESTIONS)
