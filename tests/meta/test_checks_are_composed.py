"""The modules of `checks/` take nothing private from one another; an import contract forbids their cycles."""

import ast
from pathlib import Path

import pytest

CHECKS = Path(__file__).resolve().parents[2] / "checks"


def private_imports(source: str) -> list[str]:
    """Names with a leading underscore that this module takes from another."""
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    return [
        f"{node.module}.{alias.name}"
        for node in imports
        for alias in node.names
        if alias.name.startswith("_") or any(part.startswith("_") for part in (node.module or "").split("."))
        if node.module != "__future__"
    ]


@pytest.mark.parametrize("path", sorted(CHECKS.glob("*.py")), ids=lambda p: p.stem)
def test_no_private_name_crosses_modules(path: Path) -> None:
    assert private_imports(path.read_text(encoding="utf-8")) == []


def test_a_private_name_is_seen() -> None:
    assert private_imports("from checks.driver import ReferenceDriver, _key\n") == ["checks.driver._key"]
