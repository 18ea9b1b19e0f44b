"""6.1: Message 2 is looked for by contact and campaign."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("duplicate-replies",)


def test_6_1(examination: Examination) -> None:
    check(examination, "6.1", QUESTIONS)
