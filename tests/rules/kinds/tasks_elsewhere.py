"""Tasks in packages that are named as tests and that an application loads, and tasks made of what is not a plain function."""

from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Program

_LOOP = "    while True:\n        pk += 1\n"
_FINE = "from shop.celery import app\n\n\n@app.task\ndef fine(pk): ...\n"
_BAD = f"from shop.celery import app\n\n\n@app.task\ndef bad(pk):\n{_LOOP}"
_APP = "from celery import Celery\n\napp = Celery('shop'{given})\n"
_JOBS = f"def mail(pk):\n{_LOOP}"
_CLIENT = f"class Client:\n    def push(self, pk):\n{_LOOP.replace('    ', '        ', 1).replace(chr(10) + '        ', chr(10) + '            ', 1)}"
_MADE = "from celery import Celery\n{imports}\n\napp = Celery('shop')\n{made}\n\n\n@app.task\ndef fine(pk): ...\n"


def _package(folder: str, given: str, settings: str = "") -> dict[str, str]:
    return {
        "shop/__init__.py": "",
        "shop/celery.py": _APP.format(given=given),
        "shop/settings.py": settings,
        "shop/tasks.py": _FINE,
        f"shop/{folder}/__init__.py": "",
        f"shop/{folder}/tasks.py": _BAD,
    }


def _made(imports: str, made: str) -> dict[str, str]:
    return {"app.py": _MADE.format(imports=imports, made=made), "jobs.py": _JOBS, "client.py": _CLIENT}


_FACTORY = """import functools
from celery import Celery, shared_task

app = Celery("shop")


def task(*args, action=None, **kwd):
    kwd.setdefault("typing", False)

    def decorate(func):
        @shared_task(**kwd)
        @functools.wraps(func)
        def wrapper(*a, **k):
            return func(*a, **k)

        return wrapper

    if len(args) == 1 and callable(args[0]):
        return decorate(args[0])
    else:
        return decorate


@task
def fine(pk): ...


@task(action="mail"{options})
def second(pk):
    {body}
"""


def _factory(body: str, options: str = "") -> dict[str, str]:
    return {"app.py": _FACTORY.format(body=body, options=options)}


_RULE = "no-endless-loop"
_EACH = "for name, fn in inspect.getmembers(jobs, inspect.isfunction):\n    app.task(name=name)(fn)"
PROGRAMS = (
    Program(_RULE, "package of tests, included", ALARM, _package("testing", ", include=['shop.testing.tasks']")),
    Program(_RULE, "application named tests", ALARM, _package("tests", "", "INSTALLED_APPS = ['shop.tests']\n")),
    Program(_RULE, "imports setting", ALARM, _package("test", "", "imports = ('shop.tasks', 'shop.test.tasks')\n")),
    Program(_RULE, "package of tests", PASSES, _package("tests", ", include=['shop.tasks']")),
    Program(
        _RULE,
        "runner of tests named by the settings",
        PASSES,
        _package("tests", "", "INSTALLED_APPS = ['shop']\nTEST_RUNNER = 'shop.tests.tasks.Runner'\n"),
    ),
    Program(_RULE, "made of each member", DOUBTED, _made("import inspect\nimport jobs\n", _EACH)),
    Program(
        _RULE, "bound method", ALARM, _made("from client import Client\n", "push = app.task(name='p')(Client().push)")
    ),
    Program(
        _RULE,
        "partial",
        ALARM,
        _made("from functools import partial\nfrom jobs import mail\n", "push = app.task(partial(mail, 1), name='p')"),
    ),
    Program(_RULE, "second function under one factory of decorators", ALARM, _factory("while True:\n        pk += 1")),
    Program(_RULE, "second function that ends", PASSES, _factory("pk += 1")),
    Program("unique-task-names", "one name given twice by a factory", ALARM, _factory("...", ", name='app.fine'")),
    Program(_RULE, "only imported", PASSES, _made("import jobs\nfrom client import Client\n", "client = Client()")),
)
