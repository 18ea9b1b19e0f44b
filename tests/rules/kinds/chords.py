"""Chords, and where the results they wait for go."""

from tests.rules.kinds.program import ALARM, PASSES, Program

_HEAD = """
import operator
from functools import reduce

from celery import Celery, chain, chord, group

app = Celery("shop", broker="redis://localhost/0"{backend})
{conf}

@app.task{option}
def count(district): ...


@app.task
def total(counts): ...


def census(districts):
    {body}
"""
_ROWS = ', backend="db+postgresql://localhost/shop"'
_REDIS = ', backend="redis://localhost/1"'


def _chord(name: str, outcomes: frozenset[object], body: str, **parts: str) -> Program:
    given = {"backend": _REDIS, "conf": "", "option": "", **parts}
    return Program(parts.pop("rule", "chord-results"), name, outcomes, _HEAD.format(body=body, **given))  # type: ignore[arg-type]


_PIPE = "(group(count.s(d) for d in districts) | total.s()).delay()"
_CALL = "chord([count.s(d) for d in districts])(total.s())"
_CHAIN = "chain(group(count.s(d) for d in districts), total.s()).delay()"
_FLOW = "flow = group(count.s(d) for d in districts)\n    flow |= total.s()\n    flow.delay()"
PROGRAMS = (
    _chord("rpc", ALARM, _CALL, backend=', backend="rpc://"'),
    _chord("rpc, in a chain", ALARM, _CHAIN, backend=', backend="rpc://"'),
    _chord("no backend", ALARM, _PIPE, backend=""),
    _chord("header ignored", ALARM, _PIPE, option="(ignore_result=True)", backend=_ROWS),
    _chord("every result ignored", ALARM, _CALL, conf="app.conf.task_ignore_result = True\n", backend=_ROWS),
    _chord("added in place", ALARM, _FLOW, backend=', backend="rpc://"'),
    _chord("added in place, kept", PASSES, _FLOW),
    _chord(
        "added to a group",
        ALARM,
        "flow = group(count.s(d) for d in districts)\n    flow |= total.s()\n    flow.delay()",
        backend="",
    ),
    _chord(
        "joined again",
        ALARM,
        "flow = group(count.s(d) for d in districts)\n    flow = flow | total.s()\n    flow.delay()",
        backend="",
    ),
    _chord(
        "reduced", ALARM, "reduce(operator.or_, [group(count.s(d) for d in districts), total.s()]).delay()", backend=""
    ),
    _chord(
        "reduced by a lambda", ALARM, "reduce(lambda a, b: a | b, [group([count.s(1)]), total.s()]).delay()", backend=""
    ),
    _chord("joined by a function", ALARM, "operator.or_(group([count.s(1)]), total.s()).delay()", backend=""),
    _chord(
        "chain of a list that grows",
        ALARM,
        "steps = []\n    steps.append(group([count.s(1)]))\n    steps.append(total.s())\n    chain(*steps).delay()",
        backend="",
    ),
    _chord(
        "chain of a list that grows, group last",
        PASSES,
        "steps = [total.s()]\n    steps.append(group([count.s(1)]))\n    chain(*steps).delay()",
        backend="",
    ),
    _chord("chain of a list", ALARM, "steps = [group([count.s(1)]), total.s()]\n    chain(*steps).delay()", backend=""),
    _chord(
        "group added to a group of values",
        PASSES,
        "flow = set(districts)\n    flow |= {1}\n    total.delay(list(flow))",
        backend="",
    ),
    _chord("reduced to a sum", PASSES, "reduce(operator.add, districts)\n    total.delay(districts)", backend=""),
    _chord("task added to a task", PASSES, "flow = count.s(1)\n    flow |= total.s()\n    flow.delay()", backend=""),
    _chord(
        "signature ignored", ALARM, _CALL.replace("count.s(d)", "count.s(d).set(ignore_result=True)"), backend=_ROWS
    ),
    _chord(
        "signature ignored, by its options",
        ALARM,
        _PIPE.replace("count.s(d)", "count.signature((d,), ignore_result=True)"),
        backend=_ROWS,
    ),
    _chord("signature with a queue", PASSES, _CALL.replace("count.s(d)", "count.s(d).set(queue='q')"), backend=_ROWS),
    _chord(
        "signature ignored, counted by Redis", PASSES, _CALL.replace("count.s(d)", "count.s(d).set(ignore_result=True)")
    ),
    _chord("kept", PASSES, _CHAIN),
    _chord(
        "header kept",
        PASSES,
        _PIPE,
        backend=_ROWS,
        conf="app.conf.task_ignore_result = True\n",
        option="(ignore_result=False)",
    ),
    _chord("header ignored, counted by Redis", PASSES, _PIPE, option="(ignore_result=True)"),
    _chord("group alone", PASSES, "group(count.s(d) for d in districts).delay()", backend=', backend="rpc://"'),
    _chord("no advice", PASSES, _PIPE, rule="ignored-results"),
    _chord("no advice in a chain", PASSES, _CHAIN, rule="ignored-results"),
)
