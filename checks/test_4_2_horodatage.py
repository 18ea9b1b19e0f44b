"""4.2: each Message 1 bears the UTC time it left."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("message-1-sending",)


def test_4_2(examination: Examination) -> None:
    check(examination, "4.2", QUESTIONS)
