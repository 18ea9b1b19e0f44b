"""Decisions that the harness takes in one place."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from audit.model.test_files import globs_of_test_files
from audit.reading.python.modules import Project

AUDIT = Path(__file__).resolve().parents[2] / "audit"


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(AUDIT.rglob("*.py")):
        yield path.relative_to(AUDIT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def listed(tree: ast.Module) -> Iterator[set[object]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Set | ast.List | ast.Tuple):
            yield {e.value for e in node.elts if isinstance(e, ast.Constant)}


def test_one_function_decides_what_a_test_file_is() -> None:
    functions = [
        (path, node.name)
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and "is_test" in node.name
    ]
    # The project's own asks the other one, for its application.
    assert functions == [("model/test_files.py", "is_test_file"), ("reading/python/modules.py", "is_test_file")]
    assert inspect.getsource(Project.is_test_file).rstrip().endswith("return is_test_file(path, self.program)")


def test_no_other_module_lists_names_of_test_files() -> None:
    names = set(globs_of_test_files(""))
    listing = {path for path, tree in modules() for words in listed(tree) if len(words & names) > 1}
    # A process file for tests (`compose.test.yml`) is no file of tests.
    assert listing == {"model/test_files.py", "reading/deployment/process_files.py"}
