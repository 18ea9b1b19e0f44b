"""The source's own command: the 21 tests of profile `checkpoint-2025`, on the reference stack."""

from functools import cache
from pathlib import Path

import pytest

from audit.examination import Examination
from audit.plugin import report
from audit.start import prepare

ROOT = Path(__file__).resolve().parents[1]


@cache
def examination() -> Examination:
    return prepare(ROOT, "checkpoint-2025", None)


@pytest.mark.parametrize(("category", "rule"), examination().tests())
def test_checkpoint(category: str, rule: str) -> None:
    report(examination(), rule)
