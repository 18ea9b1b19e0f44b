"""Words of a start line that nothing gives may be any option: no rule passes over them."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, QUIET, Program

_OPEN = frozenset({Outcome.UNDETERMINED})
_APP = """
from celery import Celery

app = Celery("shop", broker="redis://localhost/0")
app.conf.update(task_time_limit=60, task_soft_time_limit=50, worker_max_tasks_per_child=100{})


@app.task
def t(): ...
"""


_BARE = (
    'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n\n\n@app.task\ndef t(): ...\n\n\n'
)
_MAIL = '@app.task(queue="mail")\ndef send(x): ...\n\n\ndef go(x):\n    send.delay(x)\n'


def _started(rule: str, words: str, outcomes: frozenset[Outcome], more: str = "") -> Program:
    return Program(
        rule, words, outcomes, {"shop.py": _APP.format(more), "start.sh": f"celery -A shop worker {words}\n"}
    )


PROGRAMS = (
    _started("limits-enforced", "", PASSES),
    _started("limits-enforced", "-P gevent", ALARM),
    _started("limits-enforced", "$OPTIONS", _OPEN),
    _started("limits-enforced", "-P prefork $OPTIONS", QUIET),
    _started("bounded-memory", "", PASSES),
    _started("bounded-memory", "-P solo", ALARM),
    _started("bounded-memory", "$OPTIONS", _OPEN),
    _started("pool-aligned", "-P gevent", ALARM, ", worker_pool='prefork'"),
    _started("pool-aligned", "$OPTIONS", _OPEN, ", worker_pool='prefork'"),
    _started("pool-aligned", "-E", PASSES, ", worker_pool='prefork'"),
    _started("concurrency", "$OPTIONS", _OPEN, ", worker_concurrency=4"),
    _started("late-ack-prefetch", "$OPTIONS", _OPEN, ", worker_prefetch_multiplier=1, task_acks_late=True"),
    _started("late-ack-prefetch", "-E", PASSES, ", worker_prefetch_multiplier=1, task_acks_late=True"),
    _started("single-beat", "$OPTIONS", _OPEN, ", beat_schedule={'a': {'task': 'shop.t', 'schedule': 60.0}}"),
    _started("no-purge", "$OPTIONS", _OPEN),
    _started("time-limits", "$OPTIONS", QUIET),
    Program(
        "time-limits",
        "none, and $OPTIONS",
        QUIET | frozenset({Outcome.RESERVATION}),
        {"shop.py": _BARE, "start.sh": "celery -A shop worker $OPTIONS\n"},
    ),
    Program("time-limits", "none", ALARM, {"shop.py": _BARE, "start.sh": "celery -A shop worker -E\n"}),
    Program(
        "late-ack-prefetch",
        "four, and $OPTIONS",
        QUIET | ALARM,
        {"shop.py": _BARE + "app.conf.task_acks_late = True\n", "start.sh": "celery -A shop worker $OPTIONS\n"},
    ),
    Program(
        "queues-consumed",
        "a queue, and $OPTIONS",
        _OPEN,
        {"shop.py": _BARE + _MAIL, "start.sh": "celery -A shop worker $OPTIONS\n"},
    ),
    Program("queues-consumed", "a queue", ALARM, {"shop.py": _BARE + _MAIL, "start.sh": "celery -A shop worker -E\n"}),
)
