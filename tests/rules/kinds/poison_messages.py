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


_LIMITED = "app.conf.task_queues = [Queue('q', queue_arguments={'x-queue-type': 'quorum', 'x-delivery-limit': 5})]\n"

PROGRAMS = (
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
    _counted("words of a counter", "attempts = find(key)\nresize(key, attempts)", _DOUBTED),
)
