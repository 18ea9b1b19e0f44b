"""What ends: retries whose limit is known where their delays are not, deliveries in a pool without children, stamps."""

from collections.abc import Mapping

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_RESERVED = frozenset({Outcome.RESERVATION})
_OPEN = frozenset({Outcome.UNDETERMINED})
_HEAD = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'


def _retried(name: str, options: str, outcomes: frozenset[Outcome], before: str = "pass") -> Program:
    text = f"""{_HEAD}

@app.task(bind=True, {options})
def send(self, key):
    {before}
    try:
        deliver(key)
    except OSError as error:
        raise self.retry(exc=error, countdown=delay_of(key))
"""
    return Program("retries-bounded", name, outcomes, text)


def _delivered(
    name: str, options: str, outcomes: frozenset[Outcome], files: Mapping[str, str] | None = None
) -> Program:
    text = f"{_HEAD}\n\n@app.task({options})\ndef shrink(key):\n    resize(key)\n"
    return Program("bounded-deliveries", name, outcomes, {"shop.py": text, **(files or {})})


_CHANGED = """

class Cache:
    _generation = 0

    @classmethod
    def reset(cls):
        cls._generation += 1

    def get(self):
        {0}


@app.task
def sweep():
    Cache.reset()
"""


def _stamped(name: str, use: str, outcomes: frozenset[Outcome]) -> Program:
    return Program("no-process-state", name, outcomes, f"{_HEAD}{_CHANGED.format(use)}")


def _by_the_application(name: str, given: str, limit: str, outcomes: frozenset[Outcome]) -> Program:
    """A task whose application gives the class of its tasks."""
    text = f"""from celery import Celery, Task


class Own(Task):
    max_retries = {limit}


{given}


@app.task(bind=True)
def send(self, key):
    try:
        deliver(key)
    except OSError as error:
        raise self.retry(exc=error, countdown=2 ** self.request.retries)
"""
    return Program("retries-bounded", name, outcomes, text)


_GIVEN = 'app = Celery("shop", broker="redis://localhost/0", task_cls={0})'

PROGRAMS = (
    _by_the_application("no limit in the application's class", _GIVEN.format("Own"), "None", ALARM),
    _by_the_application("no limit in the class that it names", _GIVEN.format('"shop:Own"'), "None", ALARM),
    _by_the_application("no limit in `app.Task`", _GIVEN.format("Task") + "\napp.Task = Own", "None", ALARM),
    _by_the_application("a limit in the application's class", _GIVEN.format("Own"), "5", PASSES),
    _retried("no limit, a delay that is worked out", "max_retries=None", ALARM),
    _retried("a limit, a delay that is worked out", "max_retries=5", PASSES),
    _retried("its own limit", "max_retries=None", PASSES, "if self.request.retries > 5: return"),
    Program(
        "retries-bounded",
        "no limit of automatic retries",
        ALARM,
        f"{_HEAD}\n\n@app.task(autoretry_for=(ConnectionError,), retry_backoff=True, max_retries=None)\ndef send(): ...\n",
    ),
    # Measured with Celery 5.6.3: `self.retry(max_retries=None)` takes the task's own limit.
    Program(
        "retries-bounded",
        "no other limit for automatic retries",
        PASSES,
        f"{_HEAD}\n\n@app.task(autoretry_for=(ConnectionError,), retry_backoff=True, retry_kwargs={{'max_retries': None}})\ndef send(): ...\n",
    ),
    _delivered(
        "late, in threads", "acks_late=True", _RESERVED, {"Procfile": "worker: celery -A shop worker --pool threads\n"}
    ),
    _delivered(
        "late, in gevent", "acks_late=True", _RESERVED, {"Procfile": "worker: celery -A shop worker -P gevent\n"}
    ),
    _delivered("late, in children", "acks_late=True", PASSES, {"Procfile": "worker: celery -A shop worker\n"}),
    _delivered("early, in threads", "", PASSES, {"Procfile": "worker: celery -A shop worker --pool threads\n"}),
    _delivered(
        "late, in a pool that code chooses",
        "acks_late=True",
        _OPEN,
        {"run.py": "from shop import app\n\n\ndef main(pool):\n    app.worker_main(['worker', '--pool', pool])\n"},
    ),
    _stamped("a stamp", "return self._filled_generation == Cache._generation", PASSES),
    _stamped("a stamp that is kept", "self.seen = (Cache._generation, self.seen[0] != Cache._generation)", PASSES),
    _stamped("a count", "return Cache._generation > 10", ALARM),
    _stamped("a count up to a number", "return Cache._generation == 10", ALARM),
    _stamped("a count that is told", "print(Cache._generation)", ALARM),
)
