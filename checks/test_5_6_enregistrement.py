"""5.6: each interaction is recorded with campaign, contact, type, content and date."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("interaction-types",)


def test_5_6(examination: Examination) -> None:
    check(examination, "5.6", QUESTIONS)
