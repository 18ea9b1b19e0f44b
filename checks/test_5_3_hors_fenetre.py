"""5.3: at 24 h 00 min 00 s or later it never leaves."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("reply-window",)


def test_5_3(examination: Examination) -> None:
    check(examination, "5.3", QUESTIONS)
