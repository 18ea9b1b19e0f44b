"""7.6: the closing is logged with its statistics."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("campaign-closing",)


def test_7_6(examination: Examination) -> None:
    check(examination, "7.6", QUESTIONS)
