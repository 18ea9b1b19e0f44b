"""6.4: any number of interactions gives one Message 2, which the database itself guarantees."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("duplicate-replies",)


def test_6_4(examination: Examination) -> None:
    check(examination, "6.4", QUESTIONS)
