"""Older names under the prefix of `config_from_object`: Celery 5.6.3 reads none of them, whatever their age."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_APP = """
    from celery import Celery

    app = Celery("shop", broker="redis://localhost/0")
    app.config_from_object("settings", namespace="CELERY")


    @app.task
    def send(order): ...
"""


def _program(rule: str, name: str, settings: str, *, read: bool) -> Program:
    return Program(rule, name, PASSES if read else ALARM, {"shop.py": _APP, "settings.py": settings})


def _in_capitals(rule: str, name: str, settings: str, outcomes: frozenset[Outcome]) -> Program:
    """Settings of a module that is loaded without a namespace."""
    app = 'from celery import Celery\n\napp = Celery("shop")\napp.config_from_object("celeryconfig")\n\n\n@app.task\ndef send(id): ...\n'
    return Program(rule, name, outcomes, {"shop.py": app, "celeryconfig.py": f'BROKER_URL = "redis://r/0"\n{settings}'})


PROGRAMS = (
    _in_capitals("known-settings", "today's name in capitals", "TASK_ACKS_LATE = True\n", ALARM),
    _in_capitals("late-acknowledgement", "today's name in capitals sets nothing", "TASK_ACKS_LATE = True\n", ALARM),
    _in_capitals("late-acknowledgement", "the older name sets it", "CELERY_ACKS_LATE = True\n", PASSES),
    _in_capitals("known-settings", "a name that no older one replaced", "BROKER_POOL_LIMIT = 5\n", PASSES),
    _in_capitals("known-settings", "today's name", "task_acks_late = True\n", PASSES),
    _program("late-acknowledgement", "an older name is not read", "CELERY_ACKS_LATE = True\n", read=False),
    _program("late-acknowledgement", "the name of today is read", "CELERY_TASK_ACKS_LATE = True\n", read=True),
    _program("known-settings", "an older name", "CELERY_ACKS_LATE = True\n", read=False),
    _program("known-settings", "an older name of a worker's", "CELERY_DISABLE_RATE_LIMITS = True\n", read=False),
    _program("known-settings", "an older name of a route", "CELERY_ROUTES = {'shop.send': 'mails'}\n", read=False),
    _program("known-settings", "a name that both ages share", "CELERY_RESULT_EXPIRES = 60\n", read=True),
    _program("known-settings", "a name of the project's own", "CELERY_SHOP_ORDERS = 3\n", read=True),
    Program(
        "known-settings",
        "an older name, by one of two applications",
        ALARM,
        {
            "shop.py": _APP,
            "stock.py": _APP.replace("shop", "stock"),
            "settings.py": "CELERY_TASK_TRACK_STARTED = True\nCELERY_ACKS_LATE = True\n",
        },
    ),
    _program(
        "known-settings",
        "an older name that the project uses",
        "CELERY_DEFAULT_QUEUE = 'mails'\nCELERY_TASK_DEFAULT_QUEUE = CELERY_DEFAULT_QUEUE\n",
        read=True,
    ),
)
