"""8.4: Worker availability: the settings and periodic tasks it rests on; and the 99,9 % itself, measured by a soak or in production."""

import pytest

from audit.command.pytest_items import report
from audit.judging.examination import Examination

QUESTIONS = (
    "late-acknowledgement",
    "reject-on-worker-lost",
    "startup-retry",
    "health-check-period",
    "expiry-period",
    "lock-cleanup-period",
    "monitoring-sync-period",
    "monitoring-reset-period",
    "beat-started",
    "imports",
    "concurrency",
    "idempotency",
    "campaign-lock",
    "beat-firing",
    "availability",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_8_4(question: str, examination: Examination) -> None:
    report(examination, question)
