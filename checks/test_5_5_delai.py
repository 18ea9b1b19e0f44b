"""5.5: Message 2 is handed over within 5 s of the webhook."""

import pytest

from audit.judging.examination import Examination
from checks.criterion import check

pytestmark = pytest.mark.integration
QUESTIONS = ("reply-delay",)


def test_5_5(examination: Examination) -> None:
    check(examination, "5.5", QUESTIONS)
