"""Messages that kill their process, and what gives them up after so many deliveries."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import PASSES, Program

_RESERVED = frozenset({Outcome.RESERVATION})
_DOUBTED = frozenset({Outcome.UNDETERMINED})
_HEAD = """
import redis
from celery import Celery, Task
from celery.exceptions import Reject
from kombu import Queue

app = Celery("shop", broker="amqp://localhost//")
client = redis.Redis()
"""
_LATE = "app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True)\n"
_PLAIN = "\n\n@app.task\ndef shrink(key):\n    resize(key)\n"


def _lost(name: str, text: str, outcomes: frozenset[Outcome] = _RESERVED, head: str = _HEAD) -> Program:
    return Program("bounded-deliveries", name, outcomes, f"{head}{text}")


def _counted(name: str, body: str, outcomes: frozenset[Outcome] = PASSES) -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return _lost(name, f"{_LATE}\n\n@app.task(bind=True)\ndef shrink(self, key):\n{lines}", outcomes)


def _hooked(then: str) -> str:
    lines = f"        if client.incr(task_id) > 3:\n            {then}\n" if "Reject" in then else f"        {then}\n"
    return (
        "\n\nclass Safe(Task):\n    acks_late = True\n    reject_on_worker_lost = True\n\n"
        f"    def before_start(self, task_id, args, kwargs):\n{lines}\n\n"
        f"app.Task = Safe\n{_PLAIN}"
    )


def _back(then: str) -> str:
    body = f"    try:\n        resize(key)\n    except MemoryError as error:\n        {then}\n"
    return f"app.conf.task_acks_late = True\n\n\n@app.task(bind=True)\ndef shrink(self, key):\n{body}"


_EXPIRING = "\n\ndef ask(key):\n    shrink.apply_async(args=[key], expires=60)\n"
_LIMITED = "app.conf.task_queues = [Queue('q', queue_arguments={'x-queue-type': 'quorum', 'x-delivery-limit': 5})]\n"

_BASE = (
    "\n\nclass Safe(Task):\n    def count(self):\n        if client.incr(self.request.id) > 3:\n"
    "            raise Reject('too often', requeue=False)\n\n\n"
)

_AGAIN = """

@app.task(bind=True{0})
def sweep(self, after):
    {1}.apply_async(args=[after], countdown=wait(after))


@app.task(expires=60)
def other(key): ...
"""


def _again(name: str, outcomes: frozenset[Outcome], options: str, whom: str) -> Program:
    return Program("expires-after-delay", name, outcomes, _HEAD + _AGAIN.format(options, whom))


PROGRAMS = (
    _again("a task that publishes itself, and expires in no way", PASSES, "", "self"),
    _again("a task that publishes itself, and expires", _DOUBTED, ", expires=30", "self"),
    _again("a task that publishes one that is not known", _DOUBTED, "", "chosen()"),
    Program(
        "retry-function-used",
        "tests that the target leaves aside",
        _DOUBTED,
        {
            "audit.toml": '[target]\nexclude = ["tests"]\n',
            "shop.py": _HEAD + _PLAIN,
            "tests/test_shop.py": "import shop\n",
        },
    ),
    Program(
        "retry-function-used",
        "documents that the target leaves aside",
        PASSES,
        {"audit.toml": '[target]\nexclude = ["notes"]\n', "shop.py": _HEAD + _PLAIN, "notes/a.py": "import shop\n"},
    ),
    _lost("settings", _LATE + _PLAIN),
    _lost("options of one task", "\n\n@app.task(acks_late=True, reject_on_worker_lost=True)\ndef shrink(key): ...\n"),
    _lost(
        "options of a base class",
        "\n\nclass Safe(Task):\n    acks_late = True\n    reject_on_worker_lost = True\n\n\n"
        "@app.task(base=Safe)\ndef shrink(key): ...\n",
    ),
    _lost(
        "option over a setting",
        "app.conf.task_acks_late = True\n\n\n@app.task(reject_on_worker_lost=True)\ndef shrink(key): ...\n",
    ),
    _lost("limit that Redis does not know", _LATE + _LIMITED + _PLAIN, head=_HEAD.replace("amqp", "redis")),
    _lost("quorum queue without a limit", f"{_LATE}app.conf.task_default_queue_type = 'quorum'\n{_PLAIN}", _DOUBTED),
    _lost("limit of the queue", _LATE + _LIMITED + _PLAIN, PASSES),
    _lost("acknowledged early", f"app.conf.task_reject_on_worker_lost = True\n{_PLAIN}", PASSES),
    _lost("lost with its process", f"app.conf.task_acks_late = True\n{_PLAIN}", PASSES),
    _counted("counter", "if client.incr(self.request.id) > 3:\n    raise Reject('too often', requeue=False)"),
    _counted(
        "second delivery", "if self.request.delivery_info['redelivered']:\n    raise Reject('again', requeue=False)"
    ),
    _counted(
        "counter after the work",
        "resize(key)\nif client.incr(self.request.id) > 3:\n    raise Reject('too often', requeue=False)",
        _DOUBTED,
    ),
    _lost("queue without a limit", _LATE + _LIMITED.replace(": 5}", ": -1}") + _PLAIN),
    _lost(
        "counter of the base class",
        _LATE + _BASE + "@app.task(bind=True, base=Safe)\ndef shrink(self, key):\n    self.count()\n",
        PASSES,
    ),
    _lost(
        "counter around each task",
        _BASE.replace("count(self)", "before_start(self, *given)")
        + "app = Celery('own', task_cls=Safe)\n"
        + _LATE
        + _PLAIN,
        PASSES,
        head=_HEAD.replace('app = Celery("shop", broker="amqp://localhost//")\n', ""),
    ),
    _counted("words of a counter", "attempts = find(key)\nresize(key, attempts)", _DOUBTED),
    _counted(
        "counter after the work",
        "resize(key)\nif client.incr(self.request.id) > 3:\n    raise Reject('too often', requeue=False)",
        _DOUBTED,
    ),
    _counted(
        "counter after the work, whose answer is kept",
        "small = resize(key)\nif client.incr(self.request.id) > 3:\n    raise Reject('too often', requeue=False)\nstore(small)",
        _DOUBTED,
    ),
    _counted(
        "counter after what makes its key",
        "log.info('resize %s', key)\nname = f'seen:{key_of(key)}'\nif client.incr(name) > 3:\n    raise Reject('too often', requeue=False)\nresize(key)",
    ),
    _lost(
        "counter of the class that the application gives", _hooked("raise Reject('too often', requeue=False)"), PASSES
    ),
    _lost("class that the application gives, without a counter", _hooked("print(task_id)")),
    _lost("every message expires", _LATE + _PLAIN + _EXPIRING, _DOUBTED),
    _lost(
        "every message expires, as its task says",
        _LATE + "\n\n@app.task(expires=600)\ndef shrink(key):\n    resize(key)\n\n\nshrink.delay(1)\n",
        PASSES,
    ),
    _lost("some messages never expire", _LATE + _PLAIN + _EXPIRING + "    shrink.delay(key)\n"),
    _lost(
        "every message expires, those of beat too",
        _LATE
        + 'app.conf.beat_schedule = {"all": {"task": "shop.shrink", "schedule": 60.0, "options": {"expires": 50}}}\n'
        + _PLAIN
        + _EXPIRING,
        _DOUBTED,
    ),
    _lost(
        "every message expires, but those of beat",
        _LATE + 'app.conf.beat_schedule = {"all": {"task": "shop.shrink", "schedule": 60.0}}\n' + _PLAIN + _EXPIRING,
    ),
    _lost("any task may be what is published", _LATE + _PLAIN + _EXPIRING + "    app.send_task(key)\n"),
    _lost("given back to the queue", _back("raise Reject(error, requeue=True)")),
    _lost("given back to the queue by a local name", _back("again = True\n        raise Reject(error, again)")),
    _lost("given up", _back("raise Reject(error, requeue=False)"), PASSES),
    _lost(
        "given back once",
        _back(
            "if self.request.delivery_info['redelivered']:\n            raise Reject(error)\n        raise Reject(error, requeue=True)"
        ),
        PASSES,
    ),
)
