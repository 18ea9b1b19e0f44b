"""Delays worked out at run time that their own text bounds, and others that nothing bounds."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import PASSES, Program

_UNREAD = frozenset({Outcome.UNDETERMINED})
_APP = """
import random
from dataclasses import dataclass
from celery import Celery

app = Celery("shop", broker="redis://localhost/0")
app.conf.broker_transport_options = {"visibility_timeout": 3600}
LONGEST = 30.0


@app.task
def remind(order_id): ...


"""
_TURN = """
@dataclass(frozen=True)
class Turn:
    orders: tuple
    again_in: float | None


"""


def _bounded(name: str, text: str) -> Program:
    return Program("visibility-timeout", name, PASSES, _APP + text)


def _unbounded(name: str, text: str) -> Program:
    return Program("visibility-timeout", name, _UNREAD, _APP + text)


PROGRAMS = (
    _bounded("least of two", "def o(pk, wait):\n    remind.apply_async(args=[pk], countdown=min(wait, 60))\n"),
    _bounded("drawn", "def o(pk, a):\n    remind.apply_async(args=[pk], countdown=5 + random.randint(1, 60))\n"),
    _bounded("one of two", "def o(pk, late):\n    remind.apply_async(args=[pk], countdown=60 if late else 5)\n"),
    _bounded("remainder", "def o(pk):\n    remind.apply_async(args=[pk], countdown=pk % 60)\n"),
    _bounded(
        "field of what a function returns",
        _TURN
        + "def turn(rows):\n    if not rows:\n        return Turn((), None)\n    return Turn(rows, min(LONGEST, rows[0].wait))\n"
        "\n\ndef o(pk, rows):\n    made = turn(rows)\n    if made.again_in is not None:\n"
        "        remind.apply_async(args=[pk], countdown=made.again_in)\n",
    ),
    _unbounded("greatest of two", "def o(pk, wait):\n    remind.apply_async(args=[pk], countdown=max(wait, 60))\n"),
    _unbounded("too far", "def o(pk, wait):\n    remind.apply_async(args=[pk], countdown=min(wait, 7200))\n"),
    _unbounded("sum", "def o(pk, wait):\n    remind.apply_async(args=[pk], countdown=min(wait, 60) + wait)\n"),
    _unbounded(
        "one return of several",
        "def delay(row):\n    if row.late:\n        return row.wait\n    return 5\n\n\n"
        "def o(pk, row):\n    remind.apply_async(args=[pk], countdown=delay(row))\n",
    ),
    _unbounded(
        "field that is set again",
        _TURN.replace("(frozen=True)", "")
        + "def o(pk, rows):\n    made = Turn(rows, 5)\n    made.again_in = rows[0].wait\n"
        "    remind.apply_async(args=[pk], countdown=made.again_in)\n",
    ),
    _unbounded(
        "field of a class that inherits another's",
        _TURN + "class Later(Turn):\n    first: float\n\n\ndef o(pk, rows):\n    made = Later(rows, rows[0].wait, 5)\n"
        "    remind.apply_async(args=[pk], countdown=made.again_in)\n",
    ),
    _unbounded(
        "field that the class works out",
        _TURN.replace("(frozen=True)", "").rstrip()
        + "\n\n    def __post_init__(self):\n        self.again_in *= 1000\n\n\n"
        "def o(pk, rows):\n    made = Turn(rows, 5)\n    remind.apply_async(args=[pk], countdown=made.again_in)\n",
    ),
)
