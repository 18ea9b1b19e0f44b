"""Tasks that code runs in its own process: by `apply()`, by `run()`, or by a call of the function."""

import ast
from collections.abc import Iterator

from audit.model.observations.messages import DirectRun
from audit.reading.behaviour.possible_values import possible_texts
from audit.reading.behaviour.published_calls import is_canvas, named_task, stands_for_tasks
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import FunctionValue

WORDS = ("tasks", "request", "route", "View", ".apply(", ".run(", "getattr(", "methodcaller(", "FastAPI")
_HERE = frozenset({"apply", "run", "__call__", "__wrapped__"})
_MAKING = frozenset({"task", "shared_task"})


def direct_runs(scope: Scope) -> Iterator[DirectRun]:
    """DirectRun: each call of a task that no broker carries."""
    names = scope.machine.decorated_names if scope.symbol else frozenset[str]()
    for call in scope.calls if names else ():
        run = call.func
        if isinstance(run, ast.Call) and (named := _computed(call, run)):
            yield from _by_a_computed_name(scope, call, *named)
            continue
        if isinstance(run, ast.Attribute) and run.attr in _HERE:
            if _is_a_choice(scope, run):
                yield scope.observed(DirectRun, call, task=named_task(scope, run.value))
                continue
            run = run.value
            if isinstance(run, ast.Call) and last(run.func) in {"s", "si"} and isinstance(run.func, ast.Attribute):
                run = run.func.value
        if last(run) in names and isinstance(task := scope.evaluated(run), FunctionValue) and _is_a_task(task):
            yield scope.observed(DirectRun, call, task=task.symbol)


def _is_a_choice(scope: Scope, run: ast.Attribute) -> bool:
    """Whether `apply` is asked of a canvas, of a task by its name, or of one of several."""
    if run.attr != "apply":
        return False
    return bool(is_canvas(scope, run.value) or named_task(scope, run.value) or stands_for_tasks(scope, run.value))


def _computed(call: ast.Call, run: ast.Call) -> tuple[ast.expr, ast.expr] | None:
    """`getattr(task, method)(…)`, `methodcaller(method, …)(task)`: the task and its method."""
    if last(run.func) == "getattr" and len(run.args) > 1:
        return run.args[0], run.args[1]
    if last(run.func) == "methodcaller" and run.args and call.args:
        return call.args[0], run.args[0]
    return None


def _by_a_computed_name(scope: Scope, call: ast.Call, task: ast.expr, method: ast.expr) -> Iterator[DirectRun]:
    """The task is run here where every method that this may be does so; where one does, or none is told, nobody knows."""
    value = scope.evaluated(task)
    known = isinstance(value, FunctionValue) and _is_a_task(value)
    if not known and not named_task(scope, task) and not stands_for_tasks(scope, task):
        return
    methods = possible_texts(scope, method)
    if methods is None or methods & _HERE:
        sure = methods is not None and methods <= _HERE
        symbol = value.symbol if isinstance(value, FunctionValue) else named_task(scope, task)
        yield scope.observed(DirectRun, call, task=symbol, computed="" if sure else ast.unparse(call.func)[:60])


def _is_a_task(function: FunctionValue) -> bool:
    nodes = [d.node.func if isinstance(d.node, ast.Call) else d.node for d in function.decorators]
    return any(last(node) in _MAKING for node in nodes)
