"""Which files of a target only serve its tests, its documentation, its examples or its benchmarks."""

import pytest

from audit.model.test_files import globs_of_test_files, is_test_file, places_of, program_places
from audit.model.word_tables import word_list

ASIDE = word_list("""
    app/tests.py app/foo_test.py app/test_foo.py conftest.py app/conftest.py tests/helpers.py app/test/doubles.py
    app/testing/doubles.py docs/conf.py doc/conf.py examples/tasks.py example/shop/tasks.py samples/a.py
    benchmarks/run.py app/_test_plugins/tasks.py app/test_utils/doubles.py app/_tests/doubles.py
""")
PROGRAM = word_list("""
    app/tasks.py app/latest.py app/contest.py app/attestation.py app/docs.py samples.py app/test_data.json app/test_runs/tasks.py app/latest_data/read.py
""")


@pytest.mark.parametrize("path", ASIDE)
def test_files_beside_the_program(path: str) -> None:
    assert is_test_file(path)


@pytest.mark.parametrize("path", PROGRAM)
def test_files_of_the_program(path: str) -> None:
    assert not is_test_file(path)


@pytest.mark.parametrize("folder", ["samples", "testing", "docs", "examples", "tests"])
def test_the_package_of_the_declared_application_is_the_program(folder: str) -> None:
    paths = [f"{folder}/celery_app.py", f"{folder}/sub/tasks.py", f"{folder}/tests/helpers.py", "manage.py"]
    program = program_places([f"{folder}.celery_app:app"], paths)
    assert [is_test_file(path, program) for path in paths] == [False, False, True, False]
    assert is_test_file(f"{folder}/conftest.py", program)


@pytest.mark.parametrize(
    ("symbols", "path", "program"),
    [
        (["shop.celery:app"], "examples/shop/celery.py", ("examples/", "examples/shop/", "examples/shop/celery.py")),
        (["examples.shop.celery"], "examples/shop/celery.py", ("examples/", "examples/shop/celery.py")),
        (["shop.test_app.celery"], "shop/test_app.py", ("shop/", "shop/test_app.py")),
        (["samples"], "samples/__init__.py", ("samples/", "samples/__init__.py")),
        (["elsewhere:app", ""], "samples/__init__.py", ()),
    ],
)
def test_where_a_declared_application_lies(symbols: list[str], path: str, program: tuple[str, ...]) -> None:
    assert program_places(symbols, [path, "samples/other.py"]) == program


def test_an_application_of_the_tests_counts_only_where_there_is_no_other() -> None:
    paths = ["shop/celery.py", "tests/app.py"]
    assert program_places(["tests.app:app", "shop.celery:app"], paths) == ("shop/", "shop/celery.py")
    assert program_places(["tests.app:app"], paths) == ("tests/", "tests/app.py")


def test_where_an_application_that_nothing_declares_lies() -> None:
    assert places_of("examples/shop/app.py") == ("examples/shop/app.py", "examples/shop/")
    assert places_of("tests.py") == ("tests.py",)


def test_globs_leave_the_application_s_own_folder_in() -> None:
    assert {"samples", "docs", "conftest.py", "tests.py", "test_*.py", "*_test.py"} <= set(globs_of_test_files(""))
    assert "samples" not in globs_of_test_files("samples.celery:app")
