"""What a deployment chooses: options that are joined, names that a supervisor gives, prefixes, members of an `Enum`."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_APP = 'from celery import Celery\n\napp = Celery("shop", broker="redis://redis:6379/0")\n'
_SCHEDULE = 'app.conf.beat_schedule = {"a": {"task": "shop.a", "schedule": 60.0}}\n\n\n@app.task\ndef a(): ...\n'
_SUPERVISED = "[program:worker]\ncommand=celery -A shop worker -c 2 -n {}\nnumprocs=2\nautorestart=true\n"
_OTHER = 'from celery import Celery\n\napp = Celery("blog", broker="redis://redis:6379/0")\n'
_BOTH = "shop: celery -A shop worker\nblog: celery -A blog worker\n"
_ENUM = """
from enum import Enum

from celery import Celery


class Queue(str, Enum):
    MAIL = "mail"


app = Celery("shop", broker="redis://redis:6379/0")


@app.task(queue=Queue.MAIL.value)
def a(): ...


def send():
    a.delay()
"""
_LIMITED = (
    _APP
    + "app.conf.update(task_soft_time_limit=60, task_time_limit=90, task_acks_late=True, worker_prefetch_multiplier={})\n"
    + "\n\n@app.task\ndef a(): ...\n"
)
_STOPPED = "[program:worker]\ncommand=celery -A shop worker -c 2\nautorestart=true\nstopwaitsecs={}\n{}"


def _started(rule: str, outcomes: frozenset[Outcome], command: str, app: str = _APP + _SCHEDULE) -> Program:
    return Program(rule, command, outcomes, {"shop.py": app, "Procfile": f"worker: celery -A shop {command}\n"})


def _named(outcomes: frozenset[Outcome], name: str) -> Program:
    return Program("worker-names", name, outcomes, {"shop.py": _APP, "supervisord.conf": _SUPERVISED.format(name)})


def _prefixed(outcomes: frozenset[Outcome], options: str) -> Program:
    blog = f"{_OTHER}app.conf.broker_transport_options = {options}\n"
    return Program("own-queues", options, outcomes, {"shop.py": _APP, "blog.py": blog, "Procfile": _BOTH})


def _stopped(outcomes: frozenset[Outcome], seconds: int, given: str = "", held: int = 1) -> Program:
    name = f"{seconds} s, {held} {given}"
    files = {"shop.py": _LIMITED.format(held), "supervisord.conf": _STOPPED.format(seconds, given)}
    return Program("soft-shutdown", name, outcomes, files)


PROGRAMS = (
    *(_started("beat-started", PASSES, f"worker {options}") for options in ("-EB", "-BE -c 2", "-BOfair", "-EBc 2")),
    *(_started("beat-started", ALARM, f"worker {options}") for options in ("-E", "-Ofair", "-lB", "-nB")),
    *(_named(PASSES, name) for name in ("w%(process_num)d@%%h", "%(program_name)s-%(process_num)02d@%%h")),
    *(_named(ALARM, name) for name in ("w@%%h", "%(program_name)s@%%h")),
    _prefixed(PASSES, '{"global_keyprefix": "blog:"}'),
    _prefixed(ALARM, '{"visibility_timeout": 3600}'),
    _started("queues-consumed", PASSES, "worker -Q celery,mail", _ENUM),
    _started("queues-consumed", ALARM, "worker -Q celery,mails", _ENUM),
    # A warm shutdown that is left the time to end puts nothing back.
    _stopped(PASSES, 120),
    _stopped(ALARM, 60),
    _stopped(ALARM, 120, held=4),
    # SIGQUIT, without a soft shutdown, cuts the tasks.
    _stopped(ALARM, 120, "environment=REMAP_SIGTERM=SIGQUIT\n"),
)
