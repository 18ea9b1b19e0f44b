"""6.3: a lock with a time to live and an owner protects the critical section."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("lock-ownership",)


def test_6_3(examination: Examination) -> None:
    check(examination, "6.3", QUESTIONS)
