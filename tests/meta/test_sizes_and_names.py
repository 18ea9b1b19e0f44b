"""Modules and functions of the harness stay small, and no two of its modules bear one name."""

import ast
from collections import Counter
from pathlib import Path

AUDIT = Path(__file__).resolve().parents[2] / "audit"
MODULES = [path for path in sorted(AUDIT.rglob("*.py")) if path.name != "__init__.py"]
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 50


def shown(path: Path) -> str:
    return path.relative_to(AUDIT).as_posix()


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_no_module_is_long() -> None:
    lines = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_no_function_is_long() -> None:
    long = [
        (shown(path), node.name, length(node))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and length(node) > MOST_LINES_OF_A_FUNCTION
    ]
    assert long == []


def test_no_two_modules_bear_one_name() -> None:
    names = Counter(path.name for path in MODULES)
    assert [name for name, count in names.items() if count > 1] == []
