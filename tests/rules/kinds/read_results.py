"""Results of tasks, and what reads them."""

from audit.model.findings import Outcome
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


def _read(name: str, body: str, imported: str = "", outcomes: frozenset[Outcome] = QUIET) -> Program:
    return Program("ignored-results", name, outcomes, f"{imported}{_HEAD}def value(key):\n    return {body}\n")


def _kept(name: str, body: str, imported: str = "") -> Program:
    return _read(name, body, imported, WARNED)


PROGRAMS = (
    _read("the backend is asked", "app.backend.get_result(key)"),
    _read("the backend is asked by the current application", "current_app.backend.get_task_meta(key)['result']"),
    _read("the key of the backend is read", "redis.Redis().get(f'celery-task-meta-{key}')"),
    _read(
        "the result is asked under another name", "Result(key).state", "from celery.result import AsyncResult as Result"
    ),
    _read("the result is handed on", "AsyncResult(key)", "from celery.result import AsyncResult"),
    _kept("only a comment speaks of results", "key  # an AsyncResult(key) may be made of it"),
    _kept(
        "only a description speaks of results", 'int(key)\n\n\ndef other():\n    """See `AsyncResult(key).get()`."""'
    ),
    _kept("the result is revoked", "AsyncResult(key).revoke()", "from celery.result import AsyncResult"),
    _kept("the identifier is asked", "app.AsyncResult(key).task_id"),
    Program(
        "ignored-results",
        "another store is asked",
        WARNED,
        f"{_HEAD}def value(key):\n    return STORE.get_result(key)\n",
    ),
)
