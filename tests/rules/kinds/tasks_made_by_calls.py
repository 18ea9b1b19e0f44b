"""Tasks that no decorator of Celery stands over: a fault in one of them is seen all the same."""

from tests.rules.kinds.program import ALARM, PASSES, Program

_APP = """
from functools import partial, wraps
from celery import Celery, shared_task

app = Celery("shop", broker="redis://localhost/0")
app.conf.task_soft_time_limit = 5


@app.task(soft_time_limit=5, time_limit=9)
def other(pk): ...


"""
_MAKERS = {
    "a decorator that hands the function on": "def job(func):\n    return shared_task(time_limit=LIMIT)(func)\n\n\n@job\ndef send(pk): ...\n",
    "a decorator with options": "def job(**options):\n    options.setdefault('time_limit', LIMIT)\n    return shared_task(bind=True, **options)\n\n\n"
    "@job(queue='mail')\ndef send(self, pk): ...\n",
    "a wrapper under Celery's decorator": "def job(func):\n    @app.task(time_limit=LIMIT)\n    @wraps(func)\n    def inner(*a, **k):\n"
    "        return func(*a, **k)\n    return inner\n\n\n@job\ndef send(pk): ...\n",
    "a factory that wraps": "def job(name, **options):\n    def wrapped(func):\n        @wraps(func)\n        def inner(*a, **k):\n            return func(*a, **k)\n"
    "        options['time_limit'] = LIMIT\n        return app.task(name=name, **options)(inner)\n    return wrapped\n\n\n@job('mail.send')\ndef send(pk): ...\n",
    "an instance that is called": "class Job:\n    def __init__(self, **options):\n        self.options = options\n\n    def __call__(self, func):\n"
    "        return app.task(**self.options)(func)\n\n\n@Job(time_limit=LIMIT)\ndef send(pk): ...\n",
    "a registry's method": "class Registry:\n    def __init__(self, held):\n        self.held = held\n\n    def job(self, func=None, **options):\n"
    "        if func is None:\n            return partial(self.job, **options)\n        return self.held.task(func, **options)\n\n\n"
    "registry = Registry(app)\n\n\n@registry.job(time_limit=LIMIT)\ndef send(pk): ...\n",
    "a call": "def _send(pk): ...\n\n\nsend = app.task(_send, time_limit=LIMIT)\n",
    "a call of what a call makes": "def _send(pk): ...\n\n\nsend = shared_task(name='mail.send', time_limit=LIMIT)(_send)\n",
    "a loop": "def _send(pk): ...\n\n\nfor function in (_send,):\n    app.task(function, time_limit=LIMIT)\n",
}


def _program(text: str, limit: str) -> str:
    return _APP + text.replace("LIMIT", limit)


PROGRAMS = tuple(
    Program("time-limits", f"task made by {name}, {limit}", outcomes, _program(text, limit))
    for name, text in _MAKERS.items()
    for limit, outcomes in (("None", ALARM), ("60", PASSES))
)
