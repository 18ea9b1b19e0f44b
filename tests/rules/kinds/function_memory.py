"""What a function keeps from one call to the next, and what it makes anew."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_HEAD = """
from celery import Celery
from ratelimit import limits

app = Celery("shop", broker="redis://localhost/0")


def quota():
    quota.used = getattr(quota, "used", 0) + 1
    return quota.used <= 100


@limits(calls=10, period=1)
def call(pk):
    print(pk)


def named():
    named.title = "quota"


"""


def _task(name: str, parameters: str, body: str, outcomes: frozenset[Outcome] = ALARM) -> Program:
    return Program("no-process-state", name, outcomes, f"{_HEAD}@app.task\ndef send({parameters}):\n    {body}\n")


PROGRAMS = (
    _task("a default that changes", "pk, sent=[]", "sent.append(pk)"),
    _task("entries of a default", "pk, *, sent={}", "sent[pk] = True"),
    _task("a default that is replaced", "pk, sent=[]", "sent = list(sent)\n    sent.append(pk)", PASSES),
    _task("a default that is read", "pk, kinds=[1, 2]", "return pk in kinds", PASSES),
    _task("an attribute of a function", "pk", "return quota()"),
    _task("a name of a function", "pk", "return named()", PASSES),
    _task("a limiter of the process", "pk", "call(pk)"),
)
