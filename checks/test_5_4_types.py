"""5.4: every kind of interaction counts."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("interaction-types",)


def test_5_4(examination: Examination) -> None:
    check(examination, "5.4", QUESTIONS)
