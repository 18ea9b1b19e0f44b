"""One examination of the reference stack for all the suites: probes read once, processes started once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.examination import Examination
from audit.start import prepare

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def examination() -> Iterator[Examination]:
    """The reference stack under profile strict, up to execution."""
    prepared = prepare(ROOT, "strict", "execution")
    yield prepared
    prepared.close()
