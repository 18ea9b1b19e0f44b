"""An application in a package that bears the name of a folder of tests or examples is read as the program."""

import pytest

from audit.model.test_files import is_test_file
from tests.unit.audit.reading.collecting import Collect

APPLICATION = 'from celery import Celery\napp = Celery("demo")\napp.conf.task_acks_late = True\n'
TASK = """
import requests
from {package}.celery import app

@app.task
def post():
    requests.post("https://gateway.example", verify=False)
"""


@pytest.mark.parametrize("package", ["samples", "testing", "docs"])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "alone"])
def test_the_code_of_an_application_in_such_a_package_is_judged(
    collect_tree: Collect, package: str, declared: bool
) -> None:
    files = {f"{package}/celery.py": APPLICATION, f"{package}/tasks.py": TASK.format(package=package)}
    facts = collect_tree(files, celery_app=f"{package}.celery:app" if declared else "")
    assert any(o.symbol == f"{package}.tasks:post" for o in facts.observations)
    assert not is_test_file(f"{package}/tasks.py", facts.program)


POST = """
import requests
from celery import shared_task

@shared_task
def post():
    requests.post("https://gateway.example", verify=False)
"""


@pytest.mark.parametrize(
    ("loading", "folder"),
    [
        ("from samples.tasks import post", "samples/"),
        ("import samples.tasks", "samples/"),
        ("INSTALLED_APPS = ['samples']", "samples/"),
        ("INSTALLED_APPS = [\n    'samples.apps.SamplesConfig',\n]", "samples/"),
        ("from shop.docs import tasks", "shop/docs/"),
        ("from . import docs", "shop/docs/"),
        ("from .docs.tasks import post", "shop/docs/"),
    ],
)
def test_a_package_that_the_program_imports_is_the_program(collect_tree: Collect, loading: str, folder: str) -> None:
    facts = collect_tree(
        {"shop/celery.py": APPLICATION, "shop/more.py": loading, f"{folder}tasks.py": POST},
        celery_app="shop.celery:app",
    )
    assert any(o.symbol.endswith("tasks:post") for o in facts.observations)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("shop/more.py", "samples = 1\nPATH = 'samples'\n"),
        ("tests/test_samples.py", "from samples.tasks import post"),
        ("examples/run.py", "from samples.tasks import post"),
        ("shop/more.py", "from shop.samples import x\n"),
    ],
)
def test_a_package_that_only_tests_import_is_not_the_program(collect_tree: Collect, path: str, text: str) -> None:
    facts = collect_tree(
        {"shop/celery.py": APPLICATION, path: text, "samples/tasks.py": POST}, celery_app="shop.celery:app"
    )
    assert not any(o.symbol.endswith("tasks:post") for o in facts.observations)
    assert is_test_file("samples/tasks.py", facts.program)
