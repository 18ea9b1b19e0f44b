"""Limits that a publication gives, against the requests of the task."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, DOUBTED, Program

_NONE = frozenset({Outcome.NOT_APPLICABLE})
_TASK = """import requests
from celery import Celery

app = Celery("shop", broker="redis://localhost/0")


@app.task
def notify(url):
    requests.post(url, timeout=60)


def publish(url, slow):
    {body}
"""


def _published(name: str, outcomes: frozenset[Outcome], body: str) -> Program:
    lines = body.replace("\n", "\n    ")
    return Program("request-within-limit", name, outcomes, {"app.py": _TASK.format(body=lines)})


_GUESSED = """import requests
from celery import Celery

app = Celery("shop", broker="redis://localhost/0")


class Webhook:
    def push_notification(self, url):
        requests.post(url, timeout=60)


@app.task
def notify(url, channel):
    channel.push_notification(url)


@app.task
def ping(url):
    requests.get(url, timeout=3)


def publish(url, channel):
    notify.apply_async((url, channel){limit})
"""


def _guessed(name: str, outcomes: frozenset[Outcome], limit: str) -> Program:
    return Program("request-within-limit", name, outcomes, {"app.py": _GUESSED.format(limit=limit)})


_UNDECIDED = DOUBTED - ALARM
PROGRAMS = (
    _published(
        "shorter, in a dictionary", ALARM, "options = {'time_limit': 30}\nnotify.apply_async((url,), **options)"
    ),
    _published(
        "set by key under a condition",
        _UNDECIDED,
        "options = {'queue': 'mails'}\nif slow:\n    options['time_limit'] = slow + 5\nnotify.apply_async((url,), **options)",
    ),
    _guessed("with a request that only a name leads to", _UNDECIDED, ", time_limit=30"),
    _guessed("none, with a request that only a name leads to", _NONE, ""),
    _published("none", _NONE, "options = {'queue': 'mails'}\nnotify.apply_async((url,), **options)"),
)
