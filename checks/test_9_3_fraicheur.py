"""9.3: a send is counted within 5 s."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("statistics-content",)


def test_9_3(examination: Examination) -> None:
    check(examination, "9.3", QUESTIONS)
