"""One examination of the reference stack for each family: probes read once, processes started once, a family at a time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.command.run_setup import prepare
from audit.experiments import EXPERIMENTS
from audit.judging.examination import Examination
from audit.requirements.profiles import DEFAULT_FAMILY

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts the stack belongs to the integration session; `nox -s audit` plays the same experiments in CI."""
    identifiers = {experiment.id for experiment in EXPERIMENTS}
    for item in items:
        callspec = getattr(item, "callspec", None)
        if HERE in item.path.parents and callspec and identifiers & {str(value) for value in callspec.params.values()}:
            item.add_marker("integration")


@pytest.fixture(scope="session")
def examinations() -> Iterator[dict[str, Examination]]:
    """Those of this session, by family."""
    prepared: dict[str, Examination] = {}
    yield prepared
    for examination in prepared.values():
        examination.close()


@pytest.fixture
def examination(request: pytest.FixtureRequest, examinations: dict[str, Examination]) -> Examination:
    """The reference stack under profile strict, up to execution, for the family that the module's name begins with."""
    number = request.module.__name__.rpartition("test_")[2].partition("_")[0]
    family = number if number.isdecimal() else DEFAULT_FAMILY
    if family not in examinations:
        for other in examinations.values():
            other.close()
        examinations[family] = prepare(ROOT, "strict", "execution", family=family)
    return examinations[family]
