"""5.2: inside the window and without Message 2 yet, Message 2 leaves."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("reply-window",)


def test_5_2(examination: Examination) -> None:
    check(examination, "5.2", QUESTIONS)
