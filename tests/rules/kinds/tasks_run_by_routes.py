"""Tasks that the web process runs itself, whatever `task_always_eager` says."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import PASSES, Program

_RESERVED = frozenset({Outcome.RESERVATION})
_TASKS = """from celery import Celery

app = Celery("shop", broker="redis://localhost/0")


@app.task
def send(key): ...


@app.task(bind=True)
def follow(self, key):
    send(key)
"""
_WEB = """from fastapi import FastAPI
import shop
from shop import follow, send

api = FastAPI()


def helper(key):
    {0}


@api.post("/send")
def route(key: int):
    {1}
"""


def _route(name: str, call: str, outcomes: frozenset[Outcome] = _RESERVED, helper: str = "send.delay(key)") -> Program:
    return Program("not-eager", name, outcomes, {"shop.py": _TASKS, "web.py": _WEB.format(helper, call)})


PROGRAMS = (
    _route("applied", "send.apply(args=[key])"),
    _route("signature applied", "send.s(key).apply()"),
    _route("called", "send(key)"),
    _route("called by its module", "shop.send(key)"),
    _route("run", "follow.run(key)"),
    _route("called by what a route calls", "helper(key)", helper="send(key)"),
    _route(
        "published where a worker is there", "if key:\n        send.delay(key)\n    else:\n        send(key)", PASSES
    ),
    _route("published, another run", "follow.delay(key)\n    send(key)"),
    _route("published", "send.delay(key)", PASSES),
    _route("published by what a route calls", "helper(key)", PASSES),
    _route("published, and called by another task", "follow.delay(key)", PASSES),
    _route("called by what no route calls", "send.delay(key)", PASSES, helper="send(key)"),
)
