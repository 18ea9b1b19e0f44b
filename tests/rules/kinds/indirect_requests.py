"""Requests that are sent by another name: a verb that is worked out, a table, a partial, options that a function answers."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Program

_HEAD = """
import functools
import http.client

import httpx
import requests
import urllib3
from celery import Celery
from requests import get as fetch

app = Celery("shop", broker="redis://localhost/0")
VERBS = {"get": requests.get, "post": requests.post}
post = functools.partial(requests.post)
short = functools.partial(requests.post, timeout=3)


def hook():
    options = {"hooks": {"response": print}}
    return options


def limits():
    return {"timeout": 3, "hooks": {}}


@app.task
def send(url, verb):
"""


def _sent(name: str, body: str, *, waits: bool) -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return Program("http-timeouts", name, ALARM if waits else PASSES, _HEAD + lines)


def _client(name: str, body: str, *, verifies: bool, doubted: bool = False) -> Program:
    outcomes = PASSES if verifies else DOUBTED if doubted else ALARM
    head = "import grpc\nimport requests\nfrom celery import Celery\n\napp = Celery('shop')\n\n\n"
    return Program("http-verified", name, outcomes, head + body)


_INSTANCE = """
import requests
from celery import Celery

app = Celery("shop", broker="redis://localhost/0")


class Base:
    def __call__(self, url):
        return requests.get(url{})


class Sender(Base):
    pass


@app.task
def send(url):
    Sender()(url)
"""
_GIVING = "def ask(url, **options):\n    return requests.get(url, timeout=3, **options)\n\n\n"
_METHOD = (
    "class Feed:\n    def ask(self, url, **options):\n        return requests.get(url, timeout=3, **options)\n\n\n"
)
_OTHER = "def ask(token, **options):\n    return decode(token, options=options)\n\n\n"
_TASK = "@app.task\ndef send(url):\n    {}\n"
_AMONG = """
from celery import Celery
{}

app = Celery("shop", broker="redis://localhost/0")


@app.task
def send(url, kind):
    HANDLERS[kind](url)
"""


def _beside(name: str, imported: str, outcome: Outcome) -> Program:
    """What a module holds of a library that sends requests, behind a call that nobody can follow."""
    text = _AMONG.format(f"{imported}\n\nHANDLERS = load()")
    return Program("http-timeouts", name, frozenset({outcome}), text)


PROGRAMS = (
    _beside("addresses taken apart", "from urllib.parse import urlencode, urljoin", Outcome.NOT_APPLICABLE),
    _beside("addresses taken apart, by the whole module", "import urllib.parse", Outcome.NOT_APPLICABLE),
    _beside("names of types and of errors", "from requests import Request, Timeout", Outcome.NOT_APPLICABLE),
    _beside(
        "errors of two clients",
        "from httpx import HTTPStatusError\nfrom requests.exceptions import ConnectionError",
        Outcome.NOT_APPLICABLE,
    ),
    _beside("statuses", "from http import HTTPStatus", Outcome.NOT_APPLICABLE),
    _beside("addresses and requests", "import urllib.parse\nimport urllib.request", Outcome.UNDETERMINED),
    _beside("a session among types", "from requests import Request, Session", Outcome.UNDETERMINED),
    _beside("a client", "import http.client", Outcome.UNDETERMINED),
    _sent("verb by its name", "asked = getattr(requests, verb)\nasked(url)", waits=True),
    _sent("verb by its name, at once", "getattr(requests, verb)(url)", waits=True),
    _sent("verb of a table", "VERBS[verb](url)", waits=True),
    _sent("verb that a table gives", "asked = VERBS.get(verb)\nasked(url)", waits=True),
    _sent("verb imported by another name", "fetch(url)", waits=True),
    _sent("partial of a module", "post(url)", waits=True),
    _sent("options that a function answers", "requests.get(url, **hook())", waits=True),
    _sent("pool", "urllib3.PoolManager().request('GET', url)", waits=True),
    _sent("connection", "http.client.HTTPSConnection(url).request('GET', '/')", waits=True),
    Program("http-timeouts", "instance that is called", ALARM, _INSTANCE.format("")),
    Program("http-timeouts", "instance that is called, with a delay", PASSES, _INSTANCE.format(", timeout=3")),
    _sent("verb by its name, without end", "getattr(httpx, verb)(url, timeout=None)", waits=True),
    _sent("verb by its name, with a delay", "asked = getattr(requests, verb)\nasked(url, timeout=3)", waits=False),
    _sent("verb of `httpx`", "getattr(httpx, verb)(url)", waits=False),
    _sent("partial with a delay", "short(url)", waits=False),
    _sent("delay that a function answers", "requests.get(url, **limits())", waits=False),
    _sent("pool with a delay", "urllib3.PoolManager(timeout=3).request('GET', url)", waits=False),
    _sent("connection with a delay", "http.client.HTTPSConnection(url, timeout=3).request('GET', '/')", waits=False),
    _client("given to a function", _GIVING + _TASK.format("ask(url, verify=False)"), verifies=False),
    _client("given to a method", _METHOD + _TASK.format("Feed().ask(url, verify=False)"), verifies=False),
    _client(
        "given to a method of its own class",
        _METHOD + "class Own(Feed):\n    def go(self, url):\n        return self.ask(url, verify=False)\n",
        verifies=False,
    ),
    _client("given to what is no client", _OTHER + _TASK.format("ask(url, verify=False)"), verifies=True),
    _client("channel in clear", _TASK.format("grpc.insecure_channel('billing.prod:443')"), verifies=False),
    _client("channel to who knows", _TASK.format("grpc.insecure_channel(url)"), verifies=False, doubted=True),
    _client("channel to this machine", _TASK.format("grpc.insecure_channel('localhost:50051')"), verifies=True),
)
