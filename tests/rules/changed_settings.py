"""Settings changed by modules that no worker loads, that a worker loads, and of which that cannot be told."""

from tests.acceptance.reference_copy import Edit
from tests.rules.case import Case, Table, established, fails, undetermined

APP = "app/tasks/celery_app.py"
_EARLY = Edit(APP, "    task_acks_late=True,\n", "")
_FROM = "from app.tasks.celery_app import celery_app\n\n"
_LATE = f"{_FROM}celery_app.conf.update(task_acks_late=True)\n"
_NOT_LATE = f"{_FROM}celery_app.conf.task_acks_late = False\n"
_PURPOSE = "Acknowledge après exécution"
_MESSAGES = "app/tasks/message_tasks.py"


def _of_nobody(path: str) -> tuple[Case, Case]:
    """What a module that nothing loads writes neither mends nor breaks."""
    return (
        Case("late-acknowledgement", f"mended by {path}", *fails("par défaut", _EARLY, Edit(path, "", _LATE))),
        Case("late-acknowledgement", f"broken by {path}", *established(_PURPOSE, Edit(path, "", _NOT_LATE))),
    )


def _by_current_app(imported: str, written: str) -> tuple[Case, Case]:
    """What is written through `current_app` may be any application's: neither a fault nor a proof."""
    edit = Edit(_MESSAGES, "import logging\n", f"import logging\n\n{imported}\n\n{written}\n")
    return (
        Case(
            "late-acknowledgement",
            f"mended, maybe, by {imported}: {written}",
            *undetermined("ne se lit pas", _EARLY, edit),
        ),
        Case("late-acknowledgement", f"broken, maybe, by {imported}: {written}", *undetermined("ne se lit pas", edit)),
    )


CASES: tuple[Case, ...] = (
    *_by_current_app("from celery import current_app", "current_app.conf.task_acks_late = False"),
    *_by_current_app("import celery", "celery.current_app.conf.update(task_acks_late=False)"),
    *_by_current_app("from celery._state import current_app as a", "def f():\n    a.conf['task_acks_late'] = False"),
    *_of_nobody("conftest.py"),
    *_of_nobody("settings_test.py"),
    *_of_nobody("app/config_test.py"),
    *_of_nobody("examples/late.py"),
    *_of_nobody("scripts/tune.py"),
    *_of_nobody("migrations/m1.py"),
)

_CLASSES = "class Root:\n    task_acks_late = True\n\nclass One(Root):\n    task_acks_late = {one}\n\nclass Two(Root):\n    pass\n\nclass All(Two, One):\n    pass\n"
_LOADED = Edit(
    APP,
    "celery_app.conf.update(\n    beat_s",
    'celery_app.config_from_object("app.classes:All")\ncelery_app.conf.update(\n    beat_s',
)
TABLE: Table = {
    "late-acknowledgement": {
        "another framework's current_app": established(
            _PURPOSE,
            Edit(_MESSAGES, "import logging\n", "import logging\nfrom flask import current_app\n"),
            Edit(_MESSAGES, "logger = ", "current_app.conf.task_acks_late = False\nlogger = "),
        ),
        "broken by a function of a script": established(
            _PURPOSE, Edit("ops/tune.py", "", f"{_FROM}def main():\n    celery_app.conf.task_acks_late = False\n")
        ),
        "loaded by a script": established(
            _PURPOSE, Edit("ops/tune.py", "", f"{_FROM}celery_app.config_from_object(open('x').read())\n")
        ),
        "broken by a module that the application imports": fails(
            "`task_acks_late=False`",
            Edit(APP, "# Robustesse", "# Robustesse, puis app.late"),
            Edit("app/late.py", "", _NOT_LATE),
            Edit("app/tasks/message_tasks.py", "import logging\n", "import logging\n\nimport app.late\n"),
        ),
        "broken by a module that is included": fails(
            "`task_acks_late=False`",
            Edit(APP, 'include=["app.tasks.message_tasks", ', 'include=["app.late", "app.tasks.message_tasks", '),
            Edit("app/late.py", "", _NOT_LATE),
        ),
        "broken by a module that a function imports": undetermined(
            "ne se lit pas",
            Edit(
                APP,
                "celery_app.conf.update(\n    task_ser",
                "def tuned():\n    import app.late\n\n\nprint(tuned)\ncelery_app.conf.update(\n    task_ser",
            ),
            Edit("app/late.py", "", _NOT_LATE),
        ),
        "broken by a module named by the environment": undetermined(
            "ne se lit pas",
            Edit(APP, "from celery import Celery\n", "import importlib\nimport os\n\nfrom celery import Celery\n"),
            Edit(
                APP,
                "celery_app.conf.update(\n    task_ser",
                'importlib.import_module(os.environ["MORE"])\ncelery_app.conf.update(\n    task_ser',
            ),
            Edit("app/late.py", "", _NOT_LATE),
        ),
        "broken by a server": undetermined(
            "ne se lit pas",
            Edit(
                "app/other.py",
                "",
                f"from fastapi import FastAPI\n{_FROM}api = FastAPI()\ncelery_app.conf.task_acks_late = False\n",
            ),
        ),
        "classes in a diamond": fails(
            "`task_acks_late=False`", _LOADED, Edit("app/classes.py", "", _CLASSES.format(one=False))
        ),
        "classes in a diamond that agree": established(
            _PURPOSE, _EARLY, _LOADED, Edit("app/classes.py", "", _CLASSES.format(one=True))
        ),
        "a package beside a module of its name": fails(
            "`task_acks_late=False`",
            Edit(
                APP,
                "celery_app.conf.update(\n    beat_s",
                'celery_app.config_from_object("app.both")\ncelery_app.conf.update(\n    beat_s',
            ),
            Edit("app/both.py", "", "task_acks_late = True\n"),
            Edit("app/both/__init__.py", "", "task_acks_late = False\n"),
        ),
        "a module beside a package of its name": established(
            _PURPOSE,
            Edit(
                APP,
                "celery_app.conf.update(\n    beat_s",
                'celery_app.config_from_object("app.both")\ncelery_app.conf.update(\n    beat_s',
            ),
            Edit("app/both.py", "", "task_acks_late = False\n"),
            Edit("app/both/__init__.py", "", "task_acks_late = True\n"),
        ),
    }
}
