"""Decides which files of a target only serve its tests, its documentation, its examples or its benchmarks."""

import re
from collections.abc import Iterable, Sequence

from audit.target.import_paths import file_of, import_base

_BESIDE = frozenset({"docs", "doc", "examples", "example", "samples", "benchmarks"})
_ASIDE = _BESIDE | {"tests", "test", "testing"}
_FOR_TESTS = re.compile(r"_?tests?_(?:plugins|utils|helpers|support|fixtures|data)|_tests?")
# Names by which pytest and Django find tests.
_NAMES, _START, _END = frozenset({"conftest.py", "tests.py"}), "test_", "_test.py"
# Words of the path of a process file that say that what it starts is for tests.
STARTED_FOR_TESTS = frozenset({"test", "tests", "ci", "e2e", "pytest"})


def is_test_file(path: str, program: Iterable[str] = ()) -> bool:
    """Whether a file is a test, or an example, a benchmark or a page of documentation, rather than the program.

    `program` is what `program_places` gives: the names of those places do not count, so that an application in a
    package called `samples` is the program.
    """
    inside = max((place for place in program if path.startswith(place)), key=len, default="")
    *folders, name = path.removeprefix(inside).split("/")
    named = name in _NAMES or (name.startswith(_START) and name.endswith(".py")) or name.endswith(_END)
    return named or any(folder in _ASIDE or _FOR_TESTS.fullmatch(folder) for folder in folders)


def place_beside(path: str, program: Sequence[str], *, tests: bool = False) -> str:
    """The folder, with its slash, whose name alone makes this file an example, documentation, or (`tests`) a test; or empty."""
    folders = path.split("/")[:-1] if is_test_file(path, program) else []
    names = _ASIDE - _BESIDE if tests else _BESIDE
    places = ("/".join(folders[: end + 1]) + "/" for end, folder in enumerate(folders) if folder in names)
    return next((place for place in places if not is_test_file(path, (*program, place))), "")


def globs_of_test_files(application: str) -> list[str]:
    """The same files as globs for a linter, for a target whose application is `package.module:name`."""
    folders = _ASIDE.difference(application.partition(":")[0].split("."))
    return [*sorted(folders), *sorted(_NAMES), f"{_START}*.py", f"*{_END}"]


def program_places(applications: Iterable[str], paths: Sequence[str]) -> tuple[str, ...]:
    """Where these applications (`package.module:name`) lie: their files, and the folders they are imported from.

    A folder ends with a slash. An application among tests or examples counts where there is no other.
    """
    files = {name: file for name in applications if (file := _file(name, paths))}
    production = {name for name, file in files.items() if not is_test_file(file)} or files.keys()
    return tuple(sorted({place for name in production for place in _places(name, files[name])}))


def places_of(file: str) -> tuple[str, ...]:
    """The places of an application that nothing declares, which this file builds."""
    folder = file.rpartition("/")[0]
    return (file, f"{folder}/") if folder else (file,)


def _file(application: str, paths: Sequence[str]) -> str:
    """The file of an application; `celery -A` also takes `package.module.name`."""
    module = application.partition(":")[0]
    return file_of(module, paths) or file_of(module.rpartition(".")[0], paths)


def _places(application: str, file: str) -> set[str]:
    """The file, the folder that it is imported from unless it is the root, and that of its outermost package."""
    module = application.partition(":")[0]
    held = file_of(module, [file])
    base = import_base(module if held else module.rpartition(".")[0], file)
    package = f"{base}{module.partition('.')[0]}/"
    return {file, *(folder for folder in (base, package) if folder and file.startswith(folder))}
