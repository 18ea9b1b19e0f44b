"""What tests share stands in plain modules: a test module or a conftest that another one imports could not be moved or split."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
# Projects to be audited, with tests of their own.
NOT_OURS = {"cases", "targets", "golden"}


def imported(text: str, package: str) -> Iterator[str]:
    """Absolute names of the modules that this text imports, and of what it takes from them, which may be modules."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*parents, *filter(None, [node.module])])
            yield from [module, *(f"{module}.{alias.name}" for alias in node.names)]


def collected_among(names: Iterator[str]) -> list[str]:
    """Those that pytest collects by itself."""
    return [
        name
        for name in names
        if name.startswith("tests.")
        and (name.rpartition(".")[2].startswith("test_") or name.endswith(".conftest"))
        and TESTS.parent.joinpath(*name.split(".")).with_suffix(".py").is_file()
    ]


def ours() -> list[Path]:
    return [path for path in sorted(TESTS.rglob("*.py")) if not NOT_OURS & set(path.relative_to(TESTS).parts)]


def test_nothing_imports_a_test_module() -> None:
    found = {}
    for path in ours():
        package = ".".join(path.relative_to(TESTS.parent).parent.parts)
        found[str(path)] = collected_among(imported(path.read_text(encoding="utf-8"), package))
    assert len(found) > 100
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "line",
    [
        "from tests.conftest import servers",
        "from tests import conftest",
        "import tests.meta.test_imports_of_tests",
        "from . import test_imports_of_tests",
        "from .test_imports_of_tests import ours",
        "from ..conftest import servers",
        "def late():\n    from tests.conftest import servers",
    ],
)
def test_every_way_to_import_one_is_seen(line: str) -> None:
    assert len(collected_among(imported(line, "tests.meta"))) == 1


@pytest.mark.parametrize(
    "line", ["from tests.unit.system.bench import Bench", "import test_elsewhere", "from pytest import fixture"]
)
def test_other_imports_are_nobody_s_business(line: str) -> None:
    assert collected_among(imported(line, "tests.meta")) == []
