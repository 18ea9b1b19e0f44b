"""The source's own command: the 21 tests of profile `checkpoint-2025`, on the reference stack."""

from functools import cache
from pathlib import Path

import pytest

from audit.command.pytest_items import report
from audit.command.run_setup import prepare
from audit.judging.examination import Examination

ROOT = Path(__file__).resolve().parents[1]


@cache
def examination() -> Examination:
    return prepare(ROOT, "checkpoint-2025", None)


@pytest.mark.parametrize(("category", "rule"), examination().tests())
def test_checkpoint(category: str, rule: str) -> None:
    report(examination(), rule)
