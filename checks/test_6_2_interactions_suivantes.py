"""6.2: further interactions are recorded without another send."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("duplicate-replies",)


def test_6_2(examination: Examination) -> None:
    check(examination, "6.2", QUESTIONS)
