"""Settings that libraries read in the environment: their default is known, and the variable that replaces it."""

import pytest

from audit.model.unknown import UNKNOWN
from tests.unit.audit.reading.collecting import Collect

APP = "from celery import Celery\napp = Celery('a')\n"


@pytest.mark.parametrize(
    ("imports", "written", "value", "word"),
    [
        ("import environ\nenv = environ.Env()", 'env("X", default=True)', True, False),
        ("import environ\nenv = environ.Env()", 'env.bool("X", default=True)', True, False),
        ("import environ\nenv = environ.Env()", 'env.bool("X", True)', True, False),
        ("import environ\nenv = environ.Env()", 'env("X", default="True")', "True", True),
        ("import environ\nenv = environ.Env()", 'env("X", bool, "no")', False, False),
        ("import environ\nenv = environ.Env(X=(bool, True))", 'env("X")', True, False),
        ("import environ\nenv = environ.Env(X=bool)", 'env("X")', UNKNOWN, False),
        ("import environ\nclass Mine(environ.Env): ...\nenv = Mine()", 'env.int("X", default=3)', 3, False),
        ("from decouple import config", 'config("X", default=True)', True, True),
        ("from decouple import config", 'config("X", default="1", cast=bool)', True, False),
        ("from decouple import config", 'config("X", "True")', "True", True),
        ("from environs import Env\nenv = Env()", 'env.bool("X", False)', False, False),
        ("from starlette.config import Config\nconfig = Config('.env')", 'config("X", bool, True)', True, False),
        ("import ast, os", 'ast.literal_eval(os.environ.get("X", "True"))', True, False),
        ("import json, os", 'json.loads(os.getenv("X", "false"))', False, False),
        ("import os\nfrom distutils.util import strtobool", 'strtobool(os.environ.get("X", "on"))', True, False),
    ],
)
def test_the_default_is_known_and_the_variable_named(
    collect_tree: Collect, imports: str, written: str, value: object, word: bool
) -> None:
    setting = collect_tree({"a.py": f"{imports}\n{APP}app.conf.task_acks_late = {written}\n"}).settings[
        "task_acks_late"
    ]
    assert (setting.value, setting.overridable, setting.word) == (value, "X", word)


@pytest.mark.parametrize("written", ["json.loads(text)", "ast.literal_eval(1)", "json.loads('{')", "config(name)"])
def test_what_no_text_tells_is_unknown(collect_tree: Collect, written: str) -> None:
    text = f"import ast, json\nfrom decouple import config\n{APP}app.conf.task_acks_late = {written}\n"
    assert collect_tree({"a.py": text}).settings["task_acks_late"].value is UNKNOWN
