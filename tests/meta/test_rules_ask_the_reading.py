"""Rules judge facts: they read no code themselves, and the model holds no reader."""

import ast
from pathlib import Path

import pytest

AUDIT = Path(__file__).resolve().parents[2] / "audit"


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return modules | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("room", ["model", "rules"])
def test_no_module_of_this_room_parses_python(room: str) -> None:
    paths = sorted((AUDIT / room).rglob("*.py"))
    assert paths
    assert [p.name for p in paths if imported(p) & {"ast", "symtable", "tokenize", "tree_sitter"}] == []
