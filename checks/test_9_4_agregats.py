"""9.4: beyond 10 000 contacts the figures come from aggregates."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("statistics-speed",)


def test_9_4(examination: Examination) -> None:
    check(examination, "9.4", QUESTIONS)
