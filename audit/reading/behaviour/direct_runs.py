"""Tasks that code runs in its own process: by `apply()`, by `run()`, or by a call of the function."""

import ast
from collections.abc import Iterator

from audit.model.observations.messages import DirectRun
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import FunctionValue

WORDS = ("tasks", "request", "route", "View", ".apply(", ".run(", "FastAPI")
_HERE = frozenset({"apply", "run", "__call__", "__wrapped__"})
_MAKING = frozenset({"task", "shared_task"})


def direct_runs(scope: Scope) -> Iterator[DirectRun]:
    """DirectRun: each call of a task that no broker carries."""
    names = scope.machine.decorated_names if scope.symbol else frozenset[str]()
    for call in scope.calls if names else ():
        run = call.func
        if isinstance(run, ast.Attribute) and run.attr in _HERE:
            run = run.value
            if isinstance(run, ast.Call) and last(run.func) in {"s", "si"} and isinstance(run.func, ast.Attribute):
                run = run.func.value
        if last(run) in names and isinstance(task := scope.evaluated(run), FunctionValue) and _is_a_task(task):
            yield scope.observed(DirectRun, call, task=task.symbol)


def _is_a_task(function: FunctionValue) -> bool:
    nodes = [d.node.func if isinstance(d.node, ast.Call) else d.node for d in function.decorators]
    return any(last(node) in _MAKING for node in nodes)
