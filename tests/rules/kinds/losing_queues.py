"""Queues of RabbitMQ that are not kept, or that drop messages, and brokers that are no server."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, Program

_NONE = frozenset({Outcome.NOT_APPLICABLE})
_HEAD = 'from celery import Celery\nfrom kombu import Queue\n\napp = Celery("shop", broker="{}")\n\n\n@app.task\ndef send(id): ...\n\n\n'
_RABBIT = "amqp://rabbit//"


def _queue(name: str, text: str, outcomes: frozenset[Outcome] = ALARM, broker: str = _RABBIT) -> Program:
    return Program("broker-keeps-queues", name, outcomes, f"{_HEAD.format(broker)}{text}\n")


PROGRAMS = (
    _queue("not durable", "app.conf.task_queues = [Queue('mails', durable=False)]"),
    _queue("with a time", "app.conf.task_queues = [Queue('mails', queue_arguments={'x-message-ttl': 60000})]"),
    _queue("with a length", "app.conf.task_queues = [Queue('mails', max_length=100)]"),
    _queue("with a length that refuses", "app.conf.task_queues = [Queue('mails', queue_arguments={'x-max-length': 9, 'x-overflow': 'reject-publish'})]", _NONE),
    _queue("messages that are not written", "app.conf.task_default_delivery_mode = 'transient'"),
    _queue("kept", "app.conf.task_queues = [Queue('mails', queue_arguments={'x-queue-type': 'quorum'})]", _NONE),
    _queue("not durable, of Redis", "app.conf.task_queues = [Queue('mails', durable=False)]", _NONE, "redis://cache:6379/0"),
    _queue("no server", "", ALARM, "memory://"),
    _queue("deleted with its worker", "app.conf.task_queues = [Queue('mails', auto_delete=True)]"),
    _queue("for the answers of one process", "import uuid\nanswers = Queue(str(uuid.uuid4()), auto_delete=True)\nmine = Queue('x', exclusive=True, auto_delete=True)", _NONE),
)  # fmt: skip
