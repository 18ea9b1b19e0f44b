"""4.3: a send opens a window of 24 h for its contact."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("reply-window",)


def test_4_3(examination: Examination) -> None:
    check(examination, "4.3", QUESTIONS)
