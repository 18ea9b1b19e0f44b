"""7.4: an hourly task applies the 24 h."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = (
    "expiry-period",
    "campaign-closing",
)


def test_7_4(examination: Examination) -> None:
    check(examination, "7.4", QUESTIONS)
