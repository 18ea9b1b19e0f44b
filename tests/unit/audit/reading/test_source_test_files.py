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
