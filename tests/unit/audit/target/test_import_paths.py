"""Which module an import names, and which file of a target that module is."""

import ast

import pytest

from audit.target.import_paths import file_of, import_base, imported_module, imported_names


def statement(text: str) -> ast.ImportFrom:
    (node,) = ast.parse(text).body
    assert isinstance(node, ast.ImportFrom)
    return node


@pytest.mark.parametrize(
    ("text", "package", "module"),
    [
        ("from a.b import c", "shop.jobs", "a.b"),
        ("from . import c", "shop.jobs", "shop.jobs"),
        ("from .a import c", "shop.jobs", "shop.jobs.a"),
        ("from .. import c", "shop.jobs", "shop"),
        ("from ..a.b import c", "shop.jobs", "shop.a.b"),
        ("from ...a import c", "shop.jobs", "a"),
        ("from ....a import c", "shop.jobs", ""),
        ("from .....a import c", "shop.jobs", ""),
        ("from . import c", "", ""),
        ("from .a import c", "", "a"),
        ("from ..a import c", "", ""),
    ],
)
def test_the_module_that_a_from_import_reads(text: str, package: str, module: str) -> None:
    assert imported_module(statement(text), package) == module


def test_the_modules_that_an_import_may_load() -> None:
    assert imported_names(statement("from .a import b, c as d"), "shop") == ["shop.a", "shop.a.b", "shop.a.c"]
    assert imported_names(statement("from . import b"), "") == ["", "b"]
    (node,) = ast.parse("import a.b, c as d").body
    assert isinstance(node, ast.Import)
    assert imported_names(node, "shop") == ["a.b", "c"]


def test_the_file_nearest_to_the_root_bears_the_name() -> None:
    paths = ["old/shop/jobs.py", "src/shop/jobs.py", "src/shop/__init__.py", "b/c/d/shop/jobs.py"]
    assert file_of("shop.jobs:send", paths) == "old/shop/jobs.py"
    assert file_of("shop", paths) == "src/shop/__init__.py"
    assert file_of("jobs.shop", paths) == ""
    assert import_base("shop.jobs:send", "old/shop/jobs.py") == "old/"
    assert import_base("shop", "src/shop/__init__.py") == "src/"
    assert import_base("shop", "shop.py") == ""
