"""4.1: each contact of a campaign gets exactly one Message 1."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("message-1-sending",)


def test_4_1(examination: Examination) -> None:
    check(examination, "4.1", QUESTIONS)
