"""Settings that are written where a simple reading does not look: they are read, or said to be unknown, never « non réglé »."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_OPEN = frozenset({Outcome.UNDETERMINED})
_SEEN = ALARM | _OPEN
_APP = """
from celery import Celery

app = Celery("shop", broker="redis://localhost/0")


@app.task
def t(): ...


"""
_ENTRY = '{"a": {"task": "shop.t", "schedule": 30.0}}'
_SETTINGS = "INSTALLED_APPS = []\nCELERY_TASK_ACKS_LATE = True\n"


def _django(settings: dict[str, str], named: str = "site.settings.production") -> dict[str, str]:
    return {
        "site/__init__.py": "",
        "site/worker.py": f"""
            import os
            from celery import Celery

            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{named}")
            app = Celery("site")
            app.config_from_object("django.conf:settings", namespace="CELERY")


            @app.task
            def t(): ...
        """,
        **settings,
    }


def _planned(name: str, text: str, outcomes: frozenset[Outcome] = _SEEN) -> Program:
    return Program("beat-expires", name, outcomes, f"{_APP}{text}\n")


def _late(name: str, files: dict[str, str], outcomes: frozenset[Outcome]) -> Program:
    return Program("late-acknowledgement", name, outcomes, files)


_FALLBACK = "try:\n    from .{0} import *\nexcept ImportError:\n    from .base import *\n"
_FLASK = """
from flask import Flask
from flask_celery import Celery

celery = Celery()


def create_app(path=None):
    app = Flask("shop")
    {0}
    celery.init_app(app)
    return app


@celery.task
def t(): ...
"""

PROGRAMS = (
    _late(
        "settings for want of local ones",
        _django(
            {
                "site/settings/__init__.py": _FALLBACK.format("local"),
                "site/settings/production.py": "from . import *\n",
                "site/settings/base.py": _SETTINGS,
            }
        ),
        PASSES,
    ),
    _late(
        "settings for want of local ones, early",
        _django(
            {
                "site/settings/__init__.py": _FALLBACK.format("local"),
                "site/settings/production.py": "from . import *\n",
                "site/settings/base.py": "INSTALLED_APPS = []\n",
            }
        ),
        ALARM,
    ),
    _late(
        "settings that are published, several",
        _django(
            {"site/settings_image.py": _SETTINGS, "site/settings_example.py": "INSTALLED_APPS = []\n"}, "site.settings"
        ),
        _OPEN,
    ),
    _late(
        "settings that a test would choose",
        {
            "site/__init__.py": "",
            "site/settings.py": _SETTINGS,
            "test/__init__.py": "",
            "test/settings.py": "from site.settings import *\n",
            "site/worker.py": """
                import os
                import sys
                from celery import Celery

                if sys.argv[1:] == ["test"]:
                    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "test.settings")
                else:
                    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site.settings")
                app = Celery("site")
                app.config_from_object("django.conf:settings", namespace="CELERY")
                app.autodiscover_tasks()


                @app.task
                def t(): ...
            """,
        },
        PASSES,
    ),
    _late(
        "settings that are published, several that agree",
        _django({"site/settings_image.py": _SETTINGS, "site/settings_example.py": _SETTINGS}, "site.settings"),
        PASSES,
    ),
    _late(
        "settings that are published, several that set nothing",
        _django(
            {"site/settings_image.py": "INSTALLED_APPS = []\n", "site/settings_example.py": "INSTALLED_APPS = []\n"},
            "site.settings",
        ),
        ALARM,
    ),
    _late(
        "settings that are published, several of which one is more",
        _django(
            {
                "site/settings_image.py": f"{_SETTINGS}from elsewhere import *\n",
                "site/settings_example.py": "INSTALLED_APPS = []\n",
            },
            "site.settings",
        ),
        _OPEN,
    ),
    _late(
        "settings that are published, one", _django({"site/settings_example.py": _SETTINGS}, "site.settings"), PASSES
    ),
    _late(
        "settings of a Flask application",
        {"shop.py": _FLASK.format('app.config.update({"CELERY_ACKS_LATE": True})')},
        PASSES,
    ),
    *(
        _late(
            f"settings of a Flask application, {name}",
            {
                "shop.py": _FLASK.format('app.config.update({"CELERY_ACKS_LATE": True})').replace(
                    "    celery.init_app(app)", "    if app.debug:\n        celery.init_app(app)"
                ),
                **files,
            },
            outcomes,
        )
        for name, files, outcomes in (
            ("on one side", {}, PASSES),
            ("made by a module of the web", {"wsgi.py": "from shop import create_app\n\napp = create_app()\n"}, PASSES),
            (
                "made otherwise by a test",
                {
                    "tests/conftest.py": "from shop import celery\nfrom flask import Flask\n\napp = Flask('x')\napp.config['CELERY_ACKS_LATE'] = False\ncelery.init_app(app)\n"
                },
                PASSES | _OPEN,
            ),
        )
    ),
    _late("settings of a Flask file", {"shop.py": _FLASK.format("app.config.from_pyfile(path)")}, _OPEN),
    _late(
        "a setting of a Flask application", {"shop.py": _FLASK.format('app.config["CELERY_ACKS_LATE"] = True')}, PASSES
    ),
    _planned("a schedule filled", f"app.conf.beat_schedule.update({_ENTRY})"),
    _planned("a schedule filled under its old name", f"app.conf.CELERYBEAT_SCHEDULE.update({_ENTRY})"),
    _planned("an entry", f"app.conf.beat_schedule['a'] = {_ENTRY}['a']"),
    _planned("an entry by keys", f"app.conf['beat_schedule']['a'] = {_ENTRY}['a']"),
    _planned("another name of the configuration", f"conf = app.conf\nconf.beat_schedule.update({_ENTRY})"),
    _planned("another name of the schedule", f"plan = app.conf.beat_schedule\nplan['a'] = {_ENTRY}['a']"),
    _planned("a function that nobody calls", f"def plan():\n    app.conf.beat_schedule.update({_ENTRY})"),
    _planned(
        "its own name in a function", f"def plan():\n    conf = app.conf\n    conf.beat_schedule['a'] = {_ENTRY}['a']"
    ),
    _planned("the settings of Django", f"from django.conf import settings\nsettings.CELERY_BEAT_SCHEDULE = {_ENTRY}"),
    _planned(
        "rows of a database",
        "from django_celery_beat.models import PeriodicTask\n\n\ndef plan():\n    PeriodicTask.objects.create(task='shop.t')",
        _OPEN,
    ),
    _planned(
        "rows of an older library",
        "from djcelery.models import PeriodicTask\n\n\ndef plan():\n    PeriodicTask.objects.update_or_create(task='shop.t')",
        _OPEN,
    ),
    _planned("no entry", "", PASSES),
    _planned(
        "rows that are only counted",
        "from django_celery_beat.models import PeriodicTask\n\n\ndef n():\n    return PeriodicTask.objects.count()",
        PASSES,
    ),
)
