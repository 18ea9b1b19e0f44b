"""Locks that are the presence of something: a file, a flag, an item, a raw command, a base class of tasks."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, QUIET, Program

_HELD = frozenset({Outcome.ESTABLISHED})
_NONE = frozenset({Outcome.NOT_APPLICABLE})
_RESERVED = frozenset({Outcome.RESERVATION})
_HEAD = """
import os
from datetime import datetime
from pathlib import Path

import redis
from celery import Celery
from celery_singleton import Singleton
from django.core.cache import caches

from jobs.models import Job, Topic

app = Celery("shop", broker="redis://localhost/0")
r = redis.Redis()


"""
_RELEASE = "    remove()\n    Job.objects.filter(pk=pk).update(is_running=False)\n"


def _task(
    name: str, body: str, outcomes: frozenset[Outcome], decorator: str = "@app.task", before: str = ""
) -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return Program("locks-expire", name, outcomes, f"{_HEAD}{before}{decorator}\ndef sweep(pk):\n{lines}{_RELEASE}")


PROGRAMS = (
    _task("a flag of a row", "Job.objects.filter(pk=pk, is_running=False).update(is_running=True)", ALARM),
    _task("a flag with its date", "Job.objects.filter(pk=pk, is_running=False).update(is_running=True, started_at=datetime.now())", ALARM),
    _task("a flag whose date is compared", "Job.objects.filter(Q(started_at__lt=old(pk)) | Q(is_running=False), pk=pk).update(is_running=True, started_at=datetime.now())", _HELD),
    _task("a state that nothing gives back", "Topic.objects.filter(locked=False).update(locked=True)", QUIET),
    _task("a file made once", "os.open('/shared/sweep.lock', os.O_CREAT | os.O_EXCL)\nos.unlink('/shared/sweep.lock')", ALARM),
    _task("a file, by its mode", "open('/shared/sweep.lock', 'x').close()\nos.remove('/shared/sweep.lock')", ALARM),
    _task("a file touched once", "Path('/shared/sweep.lock').touch(exist_ok=False)\nPath('/shared/sweep.lock').unlink()", ALARM),
    _task("a folder made once", "os.mkdir('/shared/sweep.lock')\nos.rmdir('/shared/sweep.lock')", ALARM),
    _task("a folder of blocks", "os.mkdir('/shared/blocks')\nos.rmdir('/shared/blocks')", _NONE),
    _task("a raw command", "r.execute_command('SET', 'lock:sweep', '1', 'NX')", ALARM),
    _task("a raw command with its time", "r.execute_command('SET lock:sweep 1 NX PX 300000')", _HELD),
    _task("an item", "table.put_item(Item={'id': 'x'}, ConditionExpression='attribute_not_exists(id)')\ntable.delete_item(Key={'id': 'x'})", ALARM),
    _task("an item with its time", "table.put_item(Item={'id': 'x', 'ttl': 9}, ConditionExpression='attribute_not_exists(id)')\ntable.delete_item(Key={'id': 'x'})", _HELD),
    _task("a time by a second command", "if r.setnx('lock:sweep', 1):\n    r.expire('lock:sweep', 300)", _RESERVED),
    _task("a time in one transaction", "p = r.pipeline()\np.setnx('lock:sweep', 1)\np.expire('lock:sweep', 300)\np.execute()", _HELD),
    _task("a class of tasks", "pass", ALARM, "@app.task(base=Singleton)"),
    _task("a class of its own", "pass", ALARM, "@app.task(base=Once)", "class Once(Singleton):\n    pass\n\n\n"),
    _task("a class of tasks with its time", "pass", _HELD, "@app.task(base=Singleton, lock_expiry=60)"),
    _task("a class of tasks, by a setting", "pass", _HELD, "@app.task(base=Singleton)", "app.conf.singleton_lock_expiry = 60\n\n\n"),
    _task(
        "a context of its own",
        "with Once('sweep'):\n    clean()",
        ALARM,
        before="class Once:\n    def __init__(self, key):\n        self.key = key\n        self.cache = caches['once']\n\n"
        "    def __enter__(self):\n        return self.cache.add(self.key, 1, None)\n\n"
        "    def __exit__(self, *error):\n        self.cache.delete(self.key)\n\n\n",
    ),
)  # fmt: skip
