"""What runs behind a protocol or an abstract class, and the clients that an object keeps."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, QUIET, Program

# Which of two classes runs is a guess: it is no pass where one is at fault.
_GUESSED = frozenset({Outcome.RESERVATION, Outcome.UNDETERMINED})
_HEAD = 'import httpx\nimport requests\nfrom abc import ABC, abstractmethod\nfrom typing import Protocol\nfrom celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'
_PROTOCOL = "\n\nclass Gateway(Protocol):\n    def send(self, x): ...\n"
_ABSTRACT = "\n\nclass Gateway(ABC):\n    @abstractmethod\n    def send(self, x):\n        raise NotImplementedError\n"
_USE = "\n\ndef deliver(gateway: Gateway, x):\n    gateway.send(x)\n\n\n@app.task\ndef t():\n    deliver(make(), 1)\n"


def _sent(name: str, text: str, outcomes: frozenset[Outcome]) -> Program:
    return Program("http-timeouts", name, outcomes, f"{_HEAD}{text}{_USE}")


def _client(name: str, made: str, asked: str, outcomes: frozenset[Outcome]) -> Program:
    text = f"\n\nclass Shop:\n    def __init__(self, s):\n        self._client = {made}\n\n    def ask(self):\n        return self._client.{asked}\n"
    return Program("http-timeouts", name, outcomes, f"{_HEAD}{text}\n\n@app.task\ndef t(s):\n    Shop(s).ask()\n")


def _real(base: str, call: str, name: str = "Real") -> str:
    return f"\n\nclass {name}{base}:\n    def send(self, x):\n        requests.post('u', json=x{call})\n"


PROGRAMS = (
    _sent("a protocol", _PROTOCOL + _real("", ""), ALARM),
    _sent("a protocol, sound", _PROTOCOL + _real("", ", timeout=3"), PASSES),
    _sent("an abstract class", _ABSTRACT + _real("(Gateway)", ""), ALARM),
    _sent(
        "an abstract class of two",
        _ABSTRACT + _real("(Gateway)", "") + _real("(Gateway)", ", timeout=3", "Other"),
        _GUESSED,
    ),
    _sent(
        "two, sound", _ABSTRACT + _real("(Gateway)", ", timeout=9") + _real("(Gateway)", ", timeout=3", "Other"), QUIET
    ),
    _client("a session that is kept", "requests.Session()", "get('u')", ALARM),
    _client("a session that is kept, sound", "requests.Session()", "get('u', timeout=3)", PASSES),
    _client("a client that waits", "httpx.Client(timeout=None)", "get('u')", ALARM),
    _client("a client that does not", "httpx.Client(timeout=httpx.Timeout(s))", "get('u')", PASSES),
    Program(
        "http-timeouts",
        "a session that is entered",
        ALARM,
        f"{_HEAD}\n\n@app.task\ndef t(u):\n    with requests.Session() as s:\n        s.get(u)\n",
    ),
)
