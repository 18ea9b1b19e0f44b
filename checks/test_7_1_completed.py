"""7.1: a campaign whose contacts have all ended is completed."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("campaign-closing",)


def test_7_1(examination: Examination) -> None:
    check(examination, "7.1", QUESTIONS)
