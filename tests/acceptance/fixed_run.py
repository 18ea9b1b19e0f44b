"""What changes from one run to the next, fixed so that reports can be compared."""

from audit.journal.journal_file import Volatile

FIXED = Volatile(
    date="2025-12-29",
    generated_at="2025-12-29T18:00:00+00:00",
    duration_seconds=2.6,
    command="audit run tests/targets/decembre-2025 --profile checkpoint-2025",
    pytest_summary="21 passed, 3 warnings in 2.63s",
    host="Linux x86_64, 2 CPU",
)
