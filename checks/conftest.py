"""One examination of the reference stack for each family: probes read once, processes started once, a family at a time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.command.run_setup import prepare
from audit.judging.examination import Examination
from audit.requirements.profiles import DEFAULT_FAMILY
from audit.requirements.requirement import family_of

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def examinations() -> Iterator[dict[str, Examination]]:
    """Those of this session, by family."""
    prepared: dict[str, Examination] = {}
    yield prepared
    for examination in prepared.values():
        examination.close()


@pytest.fixture
def examination(request: pytest.FixtureRequest, examinations: dict[str, Examination]) -> Examination:
    """The reference stack under profile strict, up to execution, for the family of the criterion that the test asks."""
    asked = request.node.callspec.params.get("asked")
    family = family_of(asked.criterion) if asked else DEFAULT_FAMILY
    if family not in examinations:
        for other in examinations.values():
            other.close()
        examinations[family] = prepare(ROOT, "strict", "execution", family=family)
    return examinations[family]
