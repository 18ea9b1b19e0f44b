"""5.1: the window is judged on sent_at for each interaction."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("reply-window",)


def test_5_1(examination: Examination) -> None:
    check(examination, "5.1", QUESTIONS)
