"""Tasks that code runs in its own process: by `apply()`, by `run()`, or by a call of the function."""

import ast
from collections.abc import Iterator

from audit.model.observations.messages import DirectRun
from audit.model.word_tables import word_set
from audit.reading.behaviour.possible_values import possible_texts
from audit.reading.behaviour.published_calls import is_canvas, named_task, stands_for_tasks
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import FunctionValue
from audit.reading.python.child_nodes import walk
from audit.reading.python.parameters import placed

WORDS = ("def ",)
_HERE = frozenset({"apply", "run", "__call__", "__wrapped__"})
# They call, in this process, what they are given.
_CALLING = word_set("add_task submit run_in_executor to_thread run_in_threadpool run_sync Thread Timer")
_MAKING = frozenset({"task", "shared_task"})


def direct_runs(scope: Scope) -> Iterator[DirectRun]:
    """DirectRun: each call of a task that no broker carries."""
    names = scope.machine.decorated_names if scope.symbol else frozenset[str]()
    for call in scope.calls if names else ():
        run = call.func
        yield from _handed(scope, call, names)
        if isinstance(run, ast.Call) and (named := _computed(call, run)):
            yield from _by_a_computed_name(scope, call, *named)
            continue
        if isinstance(run, ast.Attribute) and run.attr in _HERE:
            if _is_a_choice(scope, run):
                yield scope.observed(DirectRun, call, task=named_task(scope, run.value))
                continue
            run = run.value
        if isinstance(run, ast.Call) and last(run.func) in {"s", "si"} and isinstance(run.func, ast.Attribute):
            # A signature that is called runs the task here.
            run = run.func.value
        if isinstance(run, ast.Name) and run.id not in names and (name := named_task(scope, run)):
            yield scope.observed(DirectRun, call, task=name)
        if last(run) in names and isinstance(task := scope.evaluated(run), FunctionValue) and _is_a_task(task):
            yield scope.observed(DirectRun, call, task=task.symbol)


def _is_a_choice(scope: Scope, run: ast.Attribute) -> bool:
    """Whether `apply` is asked of a canvas, of a task by its name, or of one of several."""
    if run.attr != "apply":
        return False
    return bool(is_canvas(scope, run.value) or named_task(scope, run.value) or stands_for_tasks(scope, run.value))


def _handed(scope: Scope, call: ast.Call, names: frozenset[str]) -> Iterator[DirectRun]:
    """A task given, as a function, to what calls it in this process: `background.add_task(resize, key)`, or a helper over it."""
    given: list[tuple[int | str, ast.expr]] = [*enumerate(call.args), *((k.arg or "", k.value) for k in call.keywords)]
    for place, node in given:
        # What a call answered, under the name of some function, is no function: to work it out may take long.
        if last(node) not in names or not isinstance(scope.given(node), ast.Name | ast.Attribute):
            continue
        task = scope.evaluated(node)
        if isinstance(task, FunctionValue) and _is_a_task(task):
            if last(call.func) in _CALLING:
                yield scope.observed(DirectRun, call, task=task.symbol)
            elif (told := [_calls(d, place) for d in _definitions(scope, last(call.func))]) and any(told):
                computed = "" if all(told) else ast.unparse(call)[:60]
                yield scope.observed(DirectRun, call, task=task.symbol, computed=computed)


def _definitions(scope: Scope, name: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions and methods of the project that bear a name."""
    trees = [m.tree for m in scope.machine.project.modules.values() if f"def {name}(" in m.source.text]
    found = (n for tree in trees for n in walk(tree))
    return [n for n in found if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == name]


def _calls(function: ast.FunctionDef | ast.AsyncFunctionDef, place: int | str) -> bool:
    """Whether a function calls what it is given there, or gives it to what does; not one that it only decorates."""
    names = placed(function.args)
    name = place if isinstance(place, str) else names[place] if place < len(names) else ""
    inner = [n for statement in function.body for n in walk(statement)]
    calls = [n for n in inner if isinstance(n, ast.Call)]
    given = [a for c in calls if last(c.func) in _CALLING for a in (*c.args, *(k.value for k in c.keywords))]
    return any(isinstance(n, ast.Name) and n.id == name for n in (*given, *(c.func for c in calls)))


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
