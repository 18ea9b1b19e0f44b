"""7.3: final statistics are computed and kept."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("campaign-closing",)


def test_7_3(examination: Examination) -> None:
    check(examination, "7.3", QUESTIONS)
