"""Results of tasks, and what reads them."""

from tests.rules.kinds.program import QUIET, WARNED, Program

_HEAD = """
import redis
from celery import Celery, current_app

app = Celery("shop", broker="redis://redis/0", backend="redis://redis/1")
app.conf.result_expires = 3600


@app.task
def report():
    return 1


def go():
    return report.delay().id


"""


def _read(name: str, body: str) -> Program:
    return Program("ignored-results", name, QUIET, f"{_HEAD}def value(key):\n    return {body}\n")


PROGRAMS = (
    _read("the backend is asked", "app.backend.get_result(key)"),
    _read("the backend is asked by the current application", "current_app.backend.get_task_meta(key)['result']"),
    _read("the key of the backend is read", "redis.Redis().get(f'celery-task-meta-{key}')"),
    Program(
        "ignored-results",
        "another store is asked",
        WARNED,
        f"{_HEAD}def value(key):\n    return STORE.get_result(key)\n",
    ),
)
