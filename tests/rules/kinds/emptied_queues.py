"""Queues that a task empties by other means than Celery's own."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_DOUBTED = frozenset({Outcome.UNDETERMINED})
_HEAD = """import redis
from celery import Celery

app = Celery("shop", broker="redis://redis:6379/0")
client = redis.Redis()
rows = {}


@app.task
def reset(key):
    """


def _emptied(name: str, body: str, outcomes: frozenset[Outcome] = ALARM) -> Program:
    files = {"shop.py": f"{_HEAD.rstrip(' ')}    {body}\n", "Procfile": "worker: celery -A shop worker\n"}
    return Program("no-purge", name, outcomes, files)


def _started(name: str, before: str, outcomes: frozenset[Outcome]) -> Program:
    """A service of an image that is built nowhere, whose shell does something, and then starts the worker."""
    command = f'sh -c "{before}; exec celery -A shop worker"'
    compose = f"services:\n  worker:\n    image: shop\n    command: {command}\n"
    return Program("no-purge", name, outcomes, {"shop.py": _HEAD + "pass\n", "compose.yaml": compose})


PROGRAMS = (
    _started("by the shell that starts the worker", "celery -A shop purge -f", ALARM),
    _started("nothing, by the shell that starts the worker", "celery -A shop report", PASSES),
    _emptied("list of the broker", "redis.from_url('redis://redis:6379/0').delete('celery')"),
    _emptied("list of the broker, by a global", "client.unlink('celery')"),
    _emptied(
        "list of a queue that is published to", "client.delete('mail')\n    reset.apply_async((key,), queue='mail')"
    ),
    _emptied("queue of a channel", "with app.connection() as c:\n        c.default_channel.queue_purge('celery')"),
    _emptied("queue that is deleted", "with app.connection() as c:\n        c.channel().queue_delete('celery')"),
    _emptied("database of the broker", "redis.Redis.from_url('redis://redis:6379/0').flushdb()"),
    _emptied("database that nothing tells", "client.flushall()", _DOUBTED),
    _emptied("another database", "redis.Redis.from_url('redis://redis:6379/5').flushdb()", PASSES),
    _emptied("another key", "client.delete('lock:reset')", PASSES),
    _emptied("entry of a dictionary", "rows.pop('celery', None)", PASSES),
    _emptied("another queue", "with app.connection() as c:\n        c.default_channel.queue_purge('letters')", PASSES),
)
