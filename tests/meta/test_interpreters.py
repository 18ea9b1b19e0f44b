"""The Pythons that are claimed, those that `nox -s interpreters` tries, and those of the workflow are the same."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW: dict[str, Any] = yaml.safe_load(next((ROOT / ".github" / "workflows").glob("*.yml")).read_text())
JOB = WORKFLOW["jobs"]["interpreters"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Told, and not claimed, until somebody has run it there.
UNTRIED = {"3.14"}


def constant(name: str) -> tuple[str, ...]:
    """A constant of noxfile.py, whose import would register its sessions."""
    body = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8")).body
    values = [n.value for n in body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == name]
    return tuple(ast.literal_eval(values[0]))


def test_the_workflow_tries_those_of_the_session() -> None:
    assert tuple(JOB["strategy"]["matrix"]["python"]) == constant("INTERPRETERS")
    assert JOB["steps"][-1]["run"] == 'nox -s "interpreters(${{ matrix.python }})"'


def test_those_that_were_tried_are_claimed_and_no_others() -> None:
    prefix = "Programming Language :: Python :: "
    claimed = {c.removeprefix(prefix) for c in PROJECT["classifiers"] if c.startswith(prefix)}
    assert claimed == set(constant("INTERPRETERS")) - UNTRIED
    assert PROJECT["requires-python"] == f">={constant('INTERPRETERS')[0]}"


def test_what_the_session_names_is_there() -> None:
    assert all((ROOT / "tests" / "targets" / name).is_dir() for name in constant("SMALL_TARGETS"))
    assert all((ROOT / "tests" / "unit" / "audit" / name).exists() for name in constant("LONG_UNIT_TESTS"))


def test_the_package_names_its_authors() -> None:
    assert PROJECT["authors"] == [{"name": "Checkpoint audit team"}]
