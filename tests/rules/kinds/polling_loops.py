"""Loops that wait for another system's answer without a bound, and loops that forget their page."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import DOUBTED, PASSES, WARNED, Program

_HEAD = """
import itertools
import time

from celery import Celery

app = Celery("shop", broker="redis://localhost/0")


class Zone:
    def settle(self, key):
        while True:
            state = ask(key)
            if state == "INSYNC":
                return
            time.sleep(5)


ZONES = {"one": Zone()}


def ask(key):
    return {"state": key, "next": key}


@app.task
def send(key):
"""


def _loop(name: str, outcomes: frozenset[Outcome], body: str) -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return Program("no-endless-loop", name, outcomes, _HEAD + lines)


_PAGE = "    page = ask(cursor)\n    cursor = page['next']\n    if not cursor:\n        break"

PROGRAMS = (
    _loop(
        "answer of another system",
        WARNED,
        "while True:\n    if ask(key)['state'] == 1:\n        break\n    time.sleep(1)",
    ),
    _loop("answer in the condition", WARNED, "while ask(key) != 'done':\n    time.sleep(1)"),
    _loop(
        "answer by two names",
        WARNED,
        "while 1:\n    r = ask(key)\n    s = r['s']\n    if s:\n        return\n    time.sleep(1)",
    ),
    _loop("object chosen in a dictionary", WARNED, "ZONES[key].settle(key)"),
    _loop("cursor that each turn empties", DOUBTED, f"while True:\n    cursor = ''\n{_PAGE}"),
    _loop("cursor that is kept", PASSES, f"cursor = ''\nwhile True:\n{_PAGE}\n    time.sleep(1)"),
    _loop(
        "turns that are counted",
        PASSES,
        "n = 0\nwhile True:\n    n += 1\n    if ask(key) or n > 9:\n        return\n    time.sleep(1)",
    ),
    _loop(
        "deadline",
        PASSES,
        "end = time.monotonic() + 9\nwhile True:\n    if ask(key) or time.monotonic() > end:\n        return\n    time.sleep(1)",
    ),
    _loop("counted by `for`", PASSES, "for _ in range(9):\n    if ask(key):\n        return\n    time.sleep(1)"),
    _loop("drained", PASSES, "while True:\n    one = key.pop()\n    if one is None:\n        break\n    time.sleep(1)"),
    _loop(
        "error raised again after some turns",
        PASSES,
        "for n in itertools.count(1):\n    try:\n        return ask(key)\n    except OSError:\n        if n >= 3:\n            raise\n"
        "        time.sleep(n)",
    ),
    _loop(
        "error raised again after some turns, else a sleep",
        PASSES,
        "n = 0\nwhile True:\n    try:\n        ask(key)\n        return\n    except OSError as e:\n        n += 1\n        if n < 5:\n"
        "            time.sleep(1)\n        else:\n            raise e",
    ),
    _loop(
        "another error raised again",
        WARNED,
        "while True:\n    try:\n        return ask(key)\n    except OSError as e:\n        if e.errno == 5:\n            raise\n"
        "        time.sleep(1)",
    ),
)
