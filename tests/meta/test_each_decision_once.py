"""Decisions that the harness takes in one place."""

import inspect
import re
from functools import cache
from pathlib import Path

from audit.model.test_files import globs_of_test_files
from audit.reading.python.modules import Project

AUDIT = Path(__file__).resolve().parents[2] / "audit"


@cache
def texts() -> dict[str, str]:
    return {
        path.relative_to(AUDIT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(AUDIT.rglob("*.py"))
    }


def writing(pattern: str) -> set[str]:
    return {path for path, text in texts().items() if re.search(pattern, text)}


def test_one_function_decides_what_a_test_file_is() -> None:
    # The project's own asks the other one, for its application.
    assert writing(r"\bdef \w*is_test") == {"model/test_files.py", "reading/python/modules.py"}
    assert inspect.getsource(Project.is_test_file).rstrip().endswith("return is_test_file(path, self.program)")


def test_no_other_module_lists_names_of_test_files() -> None:
    names = "|".join(map(re.escape, globs_of_test_files("")))
    assert writing(rf'"({names})"[^(){{}}\[\]]*"({names})"') == {"model/test_files.py"}


def test_python_is_parsed_in_one_place() -> None:
    # The second asks a newer interpreter, for the first.
    assert writing(r"\bast\.parse\(") == {"target/python_syntax.py", "target/newer_syntax.py"}


def test_a_tree_of_files_is_walked_in_one_place() -> None:
    # The other names the specs of one folder, which it does not enter.
    assert writing(r"\bos\.(scandir|walk|listdir)\(") == {"target/tree_walk.py", "reading/kiro/spec_files.py"}


def test_a_relative_import_is_resolved_in_one_place() -> None:
    assert {path for path in writing(r"\.level\b") if "ImportFrom" in texts()[path]} == {"target/import_paths.py"}
