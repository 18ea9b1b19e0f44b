"""Files and imports of the program that were not read are named."""

import sys

import pytest

from audit.model.gaps import ExcludedCode, UnreadFile, UnresolvedImport
from audit.target.newer_syntax import newer_interpreters
from tests.unit.audit.reading.collecting import Collect

APP = "from celery import Celery\napp = Celery('shop')\n"


def test_an_import_of_the_project_s_own_that_finds_nothing_is_a_gap(collect_tree: Collect) -> None:
    facts = collect_tree({"shop/__init__.py": "", "shop/app.py": f"{APP}from . import absent\nimport shop.gone.deep\n"})
    assert facts.gaps == (UnresolvedImport("shop/app.py", 4, "shop.gone.deep"),) or set(facts.gaps) == {
        UnresolvedImport("shop/app.py", 4, "shop.gone.deep")
    }


@pytest.mark.parametrize(
    "text",
    [
        "import requests\nfrom django.conf import settings\n",
        "try:\n    from shop.local import *\nexcept ImportError:\n    pass\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.types import X\n",
        "from shop._version import version\n",
        "from contextlib import suppress\nwith suppress(ImportError):\n    from shop.local import *\n",
        "def later():\n    from shop.gone import x\n",
    ],
)
def test_libraries_guarded_and_generated_imports_are_none(collect_tree: Collect, text: str) -> None:
    assert not collect_tree({"shop/__init__.py": "", "shop/app.py": APP + text}).gaps


@pytest.mark.parametrize("path", ["gunicorn.conf.py", "gunicorn.d/shop.py", "ops/gunicorn.prod.d/hooks.py"])
def test_a_dot_in_a_name_makes_no_package_of_what_precedes_it(collect_tree: Collect, path: str) -> None:
    files = {"shop/__init__.py": "", "shop/app.py": f"{APP}from gunicorn.app.base import BaseApplication\n", path: ""}
    assert not collect_tree(files).gaps


def test_a_script_that_does_not_parse_is_named(collect_tree: Collect) -> None:
    facts = collect_tree(
        {"app.py": APP, "bin/old": "#!/usr/bin/python2\nprint 'celery'\n", "bin/sh": "#!/bin/sh\nls\n"}
    )
    assert [gap.path for gap in facts.gaps] == ["bin/old"]


_NEEDS = "[project]\nname = 'shop.web'\ndependencies = ['shop.base==1.2', 'shop_mail[smtp]>=2']\n"
_EXTENDS = "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n"


@pytest.mark.parametrize(
    ("files", "module"),
    [
        ({"pyproject.toml": _NEEDS}, "shop.base.config"),
        ({"pyproject.toml": _NEEDS, "shop/__init__.py": _EXTENDS}, "shop.mail"),
        ({"requirements/base.txt": "shop-base==1.2\n"}, "shop.base"),
    ],
)
def test_what_another_distribution_puts_in_a_shared_namespace_is_a_library(
    files: dict[str, str], module: str, collect_tree: Collect
) -> None:
    assert not collect_tree({"shop/web/app.py": f"{APP}import {module}\n", **files}).gaps


@pytest.mark.parametrize(
    ("files", "module"),
    [
        ({"pyproject.toml": _NEEDS}, "shop.web.gone"),
        ({"pyproject.toml": _NEEDS}, "shop.gone"),
        ({"pyproject.toml": _NEEDS, "shop/__init__.py": ""}, "shop.base"),
        (
            {"pyproject.toml": "[project]\ndependencies = ['shop.base.more', 'old-shop.base', 'shop.based']\n"},
            "shop.base",
        ),
    ],
)
def test_what_nothing_asks_to_be_installed_is_the_project_s_own(
    files: dict[str, str], module: str, collect_tree: Collect
) -> None:
    gaps = collect_tree({"shop/web/app.py": f"{APP}import {module}\n", **files}).gaps
    assert gaps == (UnresolvedImport("shop/web/app.py", 3, module),)


def test_a_function_s_own_import_is_a_gap_of_that_function(collect_tree: Collect) -> None:
    text = "def later():\n    from shop.gone import x\n"
    facts = collect_tree({"shop/__init__.py": "", "shop/app.py": APP + text})
    assert facts.functions["shop.app:later"].gaps == (UnresolvedImport("shop/app.py", 4, "shop.gone"),)


def test_code_that_the_target_leaves_out_is_a_gap_where_it_is_imported(collect_tree: Collect) -> None:
    files = {"shop/__init__.py": "", "shop/app.py": f"{APP}import shop.jobs\n", "shop/jobs.py": ""}
    facts = collect_tree(files, exclude=("shop/jobs.py",))
    assert facts.gaps == (ExcludedCode("shop/app.py", 3, "shop.jobs"),)


def test_a_file_that_no_python_parses_is_a_gap_and_a_test_is_none(collect_tree: Collect) -> None:
    facts = collect_tree({"app.py": APP, "old.py": "print 'x'\n", "tests/test_old.py": "print 'x'\n"})
    assert facts.gaps == (UnreadFile("old.py", 0, "erreur de syntaxe ligne 1", configures=False, declares=False),)


@pytest.mark.parametrize(
    "text", ["app.conf.x = 1", "app.config_from_object(y)", "task_acks_late = False", "CELERY_X = 1"]
)
def test_a_file_that_no_python_parses_may_write_settings_where_its_text_speaks_of_them(
    text: str, collect_tree: Collect
) -> None:
    facts = collect_tree({"app.py": APP, "old.py": f"{text}\nprint 'x'\n"})
    assert facts.gaps == (UnreadFile("old.py", 0, "erreur de syntaxe ligne 2", declares="task" in text),)


@pytest.mark.parametrize(("text", "declares"), [("@job", True), ("class Send(Task): ...", True), ("send = 1", False)])
def test_a_file_that_no_python_parses_may_declare_tasks_where_it_decorates_or_names_one(
    text: str, declares: bool, collect_tree: Collect
) -> None:
    (gap,) = collect_tree({"app.py": APP, "old.py": f"{text}\nprint 'x'\n"}).gaps
    assert isinstance(gap, UnreadFile)
    assert gap.declares is declares


@pytest.mark.skipif(sys.version_info >= (3, 12) or not any(newer_interpreters()), reason="no newer interpreter here")
def test_syntax_newer_than_this_python_is_read_with_a_newer_one(collect_tree: Collect) -> None:
    facts = collect_tree({"app.py": f"{APP}type Key[T] = list[T]\n\n@app.task\ndef send[T](x: T) -> T: ...\n"})
    assert [task.symbol for task in facts.tasks] == ["app:send"]
    assert not facts.gaps
    assert facts.functions["app:send"].head is not None
    assert facts.functions["app:send"].head.first_line == 5


def test_code_below_a_folder_that_alone_answers_its_imports_is_read_from_there(collect_tree: Collect) -> None:
    files = {
        "backend/shop/__init__.py": "",
        "backend/shop/queue.py": APP,
        "backend/shop/jobs.py": "from shop.queue import app\n\n@app.task\ndef send(): ...\n",
    }
    facts = collect_tree(files)
    assert [(task.symbol, task.name) for task in facts.tasks] == [("shop.jobs:send", "shop.jobs.send")]


def test_two_files_of_one_module_name_are_both_read(collect_tree: Collect) -> None:
    task = "from celery import shared_task\n\n@shared_task\ndef {0}(): ...\n"
    files = {
        "one/queue.py": "import tasks1\n",
        "one/tasks1.py": task.format("first"),
        "two/worker.py": "import tasks2\nimport tasks3\n",
        "two/tasks2.py": task.format("second"),
        "two/tasks3.py": task.format("third"),
    }
    assert {task.symbol.rpartition(":")[2] for task in collect_tree(files).tasks} == {"first", "second", "third"}
