"""Dictionaries and lists of a class that an instance changes: all of them share one, as long as the process lasts."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import DOUBTED, PASSES, Program

_CLASSES = """
from celery import Celery
from plugs import load

app = Celery("shop", broker="redis://localhost/0")


class Plugin:
    options = {}
    told = []


class Mail(Plugin):
    def note(self, key):
        self.told.append(key)


class Fresh:
    own = {}

    def __init__(self):
        self.own = {}


NAMED = {"mail": Mail}


def named(name):
    return NAMED[name]()


@app.task
def send(key, name):
"""


def _program(name: str, outcomes: frozenset[Outcome], body: str) -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return Program("no-process-state", name, outcomes, _CLASSES + lines)


PROGRAMS = (
    _program("table of a class, through an instance", DOUBTED, "plugin = Mail()\nplugin.options['key'] = key"),
    _program("list of a class, of an unknown object", DOUBTED, "for one in load():\n    one.told.append(key)"),
    _program("instance that a factory gives", DOUBTED, "plugin = named(name)\nplugin.told.append(key)"),
    _program("list of a class, by its method", DOUBTED, "Mail().note(key)"),
    _program("table that each instance makes", PASSES, "fresh = Fresh()\nfresh.own['key'] = key"),
    _program("table of another object", PASSES, "for one in load():\n    one.options['key'] = key"),
    _program("table that is only read", PASSES, "return Mail().options.get(key)"),
)
