"""A defect behind an expression that is too long, or too deep, to follow is never passed over; elsewhere it hides nothing."""

from tests.rules.kinds.program import DOUBTED, PASSES, WARNED, Program

_HEAD = """\
import datetime
import time

import redis
import requests
from celery import Celery

app = Celery("shop", broker="redis://localhost/0")
app.conf.task_time_limit = 60


@app.task
def count(day): ...


"""
_TASK = "\n\n@app.task\ndef report(day):\n    {}\n"
_UNUSED = "\n\n@app.task\ndef report(day):\n    return day + 1\n\n\ndef unused(day):\n    {}\n"


def _deep(value: str, calls: int = 20) -> str:
    """`found()` gives a value through functions that call one another."""
    steps = "".join(f"def step{n}():\n    return step{n + 1}()\n\n\n" for n in range(calls))
    return f"{steps}def step{calls}():\n    return {value}\n\n\ndef found():\n    return step0()\n"


def _long(value: str) -> str:
    """`found()` counts before it gives a value."""
    loops = "    for a in range(250):\n        for b in range(250):\n            total = total + a * b\n"
    return f"def found():\n    total = 0\n{loops}    return {value}\n"


def _turning(value: str) -> str:
    """`found()` gives a value of a function that calls itself, each time with something else that is not known."""
    body = "    if hint.size > 3:\n        return turn(hint.half)\n    return {}\n"
    again = "def turn(hint):\n    if hint in SEEN:\n        return turn([hint])\n" + body.format(value)
    return f"SEEN = open('seen').readlines()\n\n\n{again}\n\ndef found():\n    return turn(open('hint'))\n"


_WAYS = {"deep": _deep, "long": _long, "turning": _turning}
_HIDDEN = {
    "aware-clocks": ("datetime.datetime", "return str(found().now())"),
    "sleep-within-limit": ("time.sleep", "nap = found()\n    nap(600)"),
    "http-verified": ("False", "requests.get('https://stock', timeout=5, verify=found())"),
    "http-timeouts": ("requests.Session()", "requests.get('https://a', timeout=5)\n    found().get('https://stock')"),
    "locks-expire": ("redis.Redis()", "found().lock('report')"),
}
# The first judges the whole program; for the second, a library that a module uses in an unknown way is a gap already.
_ANYWHERE = frozenset({"http-verified", "http-timeouts"})


def _programs() -> list[Program]:
    found = []
    for rule, (value, use) in _HIDDEN.items():
        for name, way in _WAYS.items():
            found.append(Program(rule, f"{name}, in a task", DOUBTED, _HEAD + way(value) + _TASK.format(use)))
        elsewhere = _HEAD + _deep(value) + _UNUSED.format(use)
        if rule not in _ANYWHERE:
            found.append(Program(rule, "deep, where no task goes", PASSES, elsewhere))
        short = _HEAD + _deep(value, calls=3) + _TASK.format(use)
        found.append(Program(rule, "not deep", WARNED, short))
    return found


def _kept() -> list[Program]:
    """The value is kept by a module, an object or a chain of names before a task uses it."""
    deep, use = _deep("datetime.datetime"), "return str({}.now())"
    chain = "\n    ".join(f"kept{n} = kept{n + 1}" for n in reversed(range(40)))
    holder = "\n\nclass Holder:\n    def __init__(self):\n        self.clock = found()\n\n\nHOLDER = Holder()\n"
    kept: dict[str, str | dict[str, str]] = {
        "kept by the module": f"{_HEAD}{deep}\n\nCLOCK = found()\n" + _TASK.format(use.format("CLOCK")),
        "kept by an object": f"{_HEAD}{deep}{holder}" + _TASK.format(use.format("HOLDER.clock")),
        "kept by names": _HEAD + _TASK.format(f"kept40 = datetime.datetime\n    {chain}\n    {use.format('kept0')}"),
        "kept by another module": {
            "clocks.py": f"import datetime\n\n\n{deep}\n\nCLOCK = found()\n",
            "shop.py": f"from clocks import CLOCK\n{_HEAD}" + _TASK.format(use.format("CLOCK")),
        },
        "kept by another module, asked by its name": {
            "clocks.py": f"import datetime\n\n\n{deep}\n\nCLOCK = found()\n",
            "shop.py": f"import clocks\n{_HEAD}" + _TASK.format(use.format("clocks.CLOCK")),
        },
    }
    return [Program("aware-clocks", name, DOUBTED, text) for name, text in kept.items()]


PROGRAMS = (*_programs(), *_kept())
