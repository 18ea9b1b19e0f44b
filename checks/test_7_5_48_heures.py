"""7.5: no campaign stays open 48 h after its last send."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("campaign-age",)


def test_7_5(examination: Examination) -> None:
    check(examination, "7.5", QUESTIONS)
