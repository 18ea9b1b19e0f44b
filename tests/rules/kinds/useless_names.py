"""Names that Celery reads nowhere: settings, with the name that was meant, and options of a publication."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, QUIET, WARNED, Program

_HEAD = "from celery import Celery\n\n{0}\n\n\n@app.task\ndef t(x): ...\n\n\ndef go(x):\n    {1}\n"
_REDIS = 'app = Celery("shop", broker="redis://localhost/0")'
_AMQP = 'app = Celery("shop", broker="amqp://localhost")'
_ELSEWHERE = 'app = Celery("shop", broker=open("b").read())'


def _sent(name: str, outcomes: frozenset[Outcome], call: str, made: str = _REDIS) -> Program:
    return Program("known-settings", name, outcomes, _HEAD.format(made, call))


PROGRAMS = (
    _sent("an expiration, on Redis", ALARM, "t.apply_async((x,), expiration=30)"),
    _sent("an expiration, on RabbitMQ", PASSES, "t.apply_async((x,), expiration=30)", _AMQP),
    _sent("an expiration, on what is not read", WARNED - ALARM, "t.apply_async((x,), expiration=30)", _ELSEWHERE),
    _sent("an option that exists", PASSES, "t.apply_async((x,), expires=30, headers={'a': 1}, queue='m', shadow='s')"),
    _sent("a misspelt countdown", ALARM, "t.apply_async(args=[x], count_down=30)"),
    _sent("a misspelt priority", ALARM, "app.send_task('shop.t', [x], prioritty=3)"),
    _sent("an option of a task", ALARM, "t.apply_async((x,), max_retries=5)"),
    _sent("options of a retry", QUIET, "t.retry(max_retries=5, countdown=3)"),
    _sent("arguments of a task", PASSES, "t.delay(expiration=30, max_retries=4)"),
    _sent("words of the project's own", PASSES, "t.apply_async((x,), tenant='a', _schema_name='b', once={'keys': []})"),
    _sent(
        "a class of tasks that reads it",
        PASSES,
        "t.apply_async((x,), expire=30)",
        f"{_REDIS}\n\n\nclass Own(app.Task):\n    def apply_async(self, *args, expire=None, **options):\n        return super().apply_async(*args, expires=expire, **options)",
    ),
    _sent("stamps", PASSES, "t.apply_async((x,), stamped_headers=['ttl'], ttl=3)"),
)
