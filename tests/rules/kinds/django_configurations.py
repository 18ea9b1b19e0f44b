"""Settings that classes of django-configurations hold."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Program

_APP = """import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
os.environ.setdefault("DJANGO_CONFIGURATION", "Dev")
from configurations import importer

importer.install(check_options=True)
from celery import Celery

app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")


@app.task
def send(): ...
"""
_CLASSES = "from configurations import Configuration, values\n\n\nclass Base(Configuration):\n    {base}\n\n\n"
_TWO = _CLASSES + "class Dev(Base):\n    DEBUG = True\n\n\nclass Live(Base):\n    {live}\n"


def _read(rule: str, title: str, outcome: frozenset[Outcome], base: str, live: str = "DEBUG = False") -> Program:
    files = {"shop/__init__.py": "", "shop/celery.py": _APP, "shop/settings.py": _TWO.format(base=base, live=live)}
    return Program(rule, title, outcome, files)


_PICKLE = "CELERY_ACCEPT_CONTENT = ['pickle']"
PROGRAMS = (
    _read("no-pickle", "in the class that the others derive from", ALARM, _PICKLE),
    _read("no-pickle", "in one class of two", ALARM | DOUBTED, "DEBUG = True", _PICKLE),
    _read(
        "no-pickle",
        "set by what the importer calls",
        ALARM | DOUBTED,
        "@classmethod\n    def pre_setup(cls):\n        super().pre_setup()\n        cls.CELERY_ACCEPT_CONTENT = ['pickle']",
    ),
    Program(
        "no-pickle",
        "perhaps in a class of a library",
        DOUBTED - ALARM,
        {
            "shop/__init__.py": "",
            "shop/celery.py": _APP,
            "shop/settings.py": "from acme import Mixin\nfrom configurations import Configuration\n\n\nclass Dev(Mixin, Configuration):\n    DEBUG = True\n",
        },
    ),
    _read("no-pickle", "in none", PASSES, "CELERY_ACCEPT_CONTENT = ['json']"),
    _read(
        "late-acknowledgement", "a value with a default", PASSES, "CELERY_TASK_ACKS_LATE = values.BooleanValue(True)"
    ),
    _read("late-acknowledgement", "a value that is off", ALARM, "CELERY_TASK_ACKS_LATE = values.BooleanValue(False)"),
)
